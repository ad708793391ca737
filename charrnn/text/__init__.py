"""From files to windows of ids.

- `plays`: Turn plays in Markdown into the layout of char-rnn's Shakespeare.
- `library`: Read the source code of Python's standard library as one text.
- `fetching`: Fetch a corpus from where it is published: a wheel or a URL.
- `catalogue`: Find the corpora that the catalogue names, and prepare them on
  first use.
- `normal_form`: Bring a text into a Unicode normal form, in bounded time.
- `recognition`: Recognise UTF-8, UTF-16 and UTF-32 in bytes.
- `decoding`: Decode bytes strictly, and recognise texts in another encoding.
- `notices`: Find what is worth knowing about a text's characters while it is
  read.
- `sources`: Find the files that a user names: paths, folders and globs.
- `parts`: Open each part of a text: a file, standard input, or a corpus.
- `repeats`: Find files that would be read twice.
- `corpus`: Read a text: a path, a folder, '-' for stdin, or a name in the
  catalogue.
- `lines`: Cut a text into lines, which end at LF, CRLF or CR.
- `nearest`: Spell characters that a model does not know with those that it
  knows.
- `characters`: Name characters, count them, and give their code points.
- `words`: Cut a text into words, numbers, punctuation and white space.
- `units`: Say what each vocabulary offers, whatever its unit.
- `vocabulary`: Turn characters into ids and back.
- `word_vocabulary`: Turn words into ids and back; a rare word is spelled out.
- `byte_vocabulary`: Turn bytes into ids and back: any file at all.
- `kinds`: Make the vocabulary of a unit: from a text, or from JSON and back.
- `encoding`: Encode a text of any size: in the RAM, or on the disk.
- `windows`: Cut ids into batches of parallel, contiguous streams of windows.
"""
