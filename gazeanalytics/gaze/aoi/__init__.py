"""Areas of interest (AOIs): which fixation lies in which region, dwell time, transitions, search errors."""
