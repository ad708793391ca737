"""Operating-system services: files, memory, signals and the terminal.

- `atomic`: Write a file, or a folder of files, whole or not at all.
- `archive`: Read an untrusted zip archive within fixed limits.
- `ram`: Refuse work that would not fit into RAM, before it starts.
- `terminal`: Print text with control characters escaped.
- `progress`: Show the progress of a computation, and print in colour.
- `palette`: Name the colours of plots, pages and the terminal in one place.
- `shapes`: Describe what pictures consist of: rectangles, lines and words.
- `raster`: Draw shapes with matplotlib, into a PNG file.
- `drawing`: Draw shapes and words once, for SVG and for PNG, in light and in
  dark.
- `plotting`: Draw plots side by side, with legends that cover nothing.
- `signals`: Shut the process down cleanly on a signal.
- `aborts`: Replace what C++ prints before it aborts the process by one line.
- `launchers`: Find out from flags and launchers which of several processes this
  is.
- `group`: Join several processes into a group that exchanges messages.
- `watch`: Notice within a minute that another process of a group has died or
  hangs.
"""
