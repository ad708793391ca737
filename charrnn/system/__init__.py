"""What touches the machine: files, memory, signals and the terminal.

- `atomic`: Write a file whole or not at all.
- `archive`: Read a zip archive that a stranger may have made, within limits.
- `ram`: Refuse what the memory cannot hold, before it is tried.
- `terminal`: What verbs show: text made harmless.
- `progress`: What verbs show in colours, and how far their work is.
- `plotting`: Draw a picture: axes side by side, in colours that all can tell
  apart.
- `signals`: End in order when a signal asks for it: no half of a file stays
  behind.
"""
