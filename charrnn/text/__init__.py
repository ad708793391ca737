"""From files to windows of ids.

- `plays`: Turn plays in Markdown into the layout of char-rnn's Shakespeare.
- `library`: Read the source code of Python's standard library as one text.
- `fetching`: Fetch a corpus from its publisher: as a wheel or from a URL.
- `catalogue`: Find the corpora in the catalogue, and prepare them on first use.
- `normal_form`: Convert a text to one kind of line end, and to a Unicode normal
  form.
- `recognition`: Detect UTF-8, UTF-16 and UTF-32 in bytes.
- `decoding`: Decode bytes strictly, and suggest an encoding where that fails.
- `documents`: Split a text into documents: files, lines, or pieces between
  separators.
- `notices`: Collect warnings about a text's characters while it is read.
- `sources`: Find the files that a user names: paths, folders and globs.
- `parts`: Open each part of a text: a file, standard input, or a corpus.
- `repeats`: Find files that would be read twice.
- `corpus`: Read a text: a path, a folder, '-' for stdin, or a name in the
  catalogue.
- `escapes`: Read backslash escapes as the characters they stand for.
- `lines`: Split a text into lines, which end at LF, CRLF or CR.
- `suffixes`: Sort the suffixes of a text, to find any string in it quickly.
- `copying`: Find which parts of a text are copied from a source, and where
  they stand.
- `nearest`: Replace characters that a model does not know by similar ones.
- `characters`: Name characters, count them, and give their code points.
- `words`: Split a text into words, numbers, punctuation and white space.
- `units`: The interface shared by vocabularies of characters, words and bytes.
- `vocabulary`: Map characters to ids and back.
- `word_counts`: Count a text's words, and choose those that a vocabulary has.
- `word_vocabulary`: Map words to ids and back; rare words are spelled out.
- `byte_vocabulary`: Map bytes to ids and back, for files of any kind.
- `document_vocabulary`: Map the units of documents to ids, and mark where
  documents begin and end.
- `kinds`: Build a unit's vocabulary from a text, and convert it to and from
  JSON.
- `union`: Unite the vocabularies of models that write together.
- `growth`: Add a text's new characters or words to a vocabulary.
- `relatives`: Find the known characters or words that a new one resembles.
- `encoding`: Encode a text of any size, in RAM or on disk.
- `beginnings`: Find where documents begin in a long array of ids.
- `windows`: Cut ids into batches of parallel, contiguous streams of windows.
- `student_windows`: Batches for a student: their targets also tell what its
  teachers expect.
- `document_hashes`: Hash documents: their numbers to split them, their text to
  recognise them.
- `document_parts`: Encode documents, and hold some of them out of the training
  part.
- `known_documents`: Recognise the documents of a training text without keeping
  the text.
"""
