"""AI readers: output formats, rewards, text overlap, audits of drafts."""
