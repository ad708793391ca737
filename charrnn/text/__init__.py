"""From files to windows of ids.

- `plays`: Turn plays in Markdown into the layout of char-rnn's Shakespeare.
- `catalogue`: Make the corpora that the catalogue names, on first use.
- `normal_form`: Bring a text into a Unicode normal form, in bounded time.
- `decoding`: Decode bytes strictly, and tell what a wrong encoding looks like.
- `notices`: Find what is worth knowing of a text's characters while it is read.
- `sources`: Find the files that a user names: paths, folders and globs.
- `corpus`: Read a text: a path, a folder, '-' for stdin, or a name in the
  catalogue.
- `lines`: Cut a text into lines, which end at LF, CRLF or CR.
- `nearest`: Spell characters that a model does not know with those that it
  knows.
- `vocabulary`: Turn characters into ids and back.
- `encoding`: Encode a text of any size: into the memory, or onto the disk.
- `windows`: Cut ids into batches of parallel, contiguous streams of windows.
"""
