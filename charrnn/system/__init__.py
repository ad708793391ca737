"""What touches the machine: files, memory, signals and the terminal.

- `atomic`: Write a file whole or not at all.
- `archive`: Read a zip archive that a stranger may have made, within limits.
- `ram`: Refuse what does not fit into the machine's RAM, before it is tried.
- `terminal`: Print text that a terminal shows and does not obey.
- `progress`: Show how far a computation is, and print in colours.
- `plotting`: Draw a picture: axes side by side, in colours that all can tell
  apart.
- `signals`: End a process in order when a signal asks for it.
"""
