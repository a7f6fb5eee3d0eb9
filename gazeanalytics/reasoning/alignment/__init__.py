"""Text and gaze in time: mentions, grounding, eye-voice span, gaze-speech lag."""
