"""Generate text with a network.

- `probabilities`: Turn logits into the probabilities used for sampling.
- `random_numbers`: Compute random numbers from seed, sample and position, and
  draw.
- `endings`: Stop a sample at a string: before it, or after it.
- `ledger`: Add up the surprise of the characters drawn, many steps at a time.
- `constraints`: The protocol of constraints: what a text must keep to while
  it is written.
- `temperatures`: Vary the temperature: by the place in the word, and to leave
  loops.
- `max_copy`: Forbid what would copy more than so many characters from a
  source.
- `state`: The sampling state: everything that the next characters depend on.
- `following`: Follow a text with constraints, and find where it may end.
- `rules`: Hold constraints together, and keep the masks that they give.
- `steering`: Apply constraints to a step: mask the logits, follow the units
  drawn.
- `prompts`: Read a prompt, and complete the word in which it ends.
- `priming`: Read a text of any length once, to go on from it many times.
- `state_file`: Save and read a state: a JSON file, bound to the model by its
  hash.
- `word_search`: Search what a network may write for whole words, the likeliest
  first.
- `drawing`: Draw a batch of samples until each of them has ended.
- `alphabets`: The letters that an automaton reads: a model's characters, or
  bytes.
- `expressions`: Read a regular expression, and build a nondeterministic
  automaton of it.
- `named_characters`: Find characters that an expression names but the model
  does not know.
- `subsets`: Make an automaton deterministic, within limits.
- `automata`: Deterministic automata: trimmed, measured, intersected.
- `unit_runs`: Run the units of a model through an automaton, letter by letter.
- `forms`: Constraints that an automaton decides: what may follow, and how to
  finish.
- `patterns`: Texts that match an expression, or in which something never
  appears.
- `counted`: Texts of a number of lines or sentences.
- `word_lists`: Texts of listed words, or without them.
- `limits`: Check before drawing that what is asked for can be drawn.
- `sampler`: Write text with a network: read a prompt, draw characters, stop.
- `ranked`: Rank samples: by likelihood, by novelty, or by what constraints
  excluded.
- `beam`: Search for the likeliest text with a beam: several texts side by side.
- `novelty`: Draw documents until enough different ones of them are new.
- `next_words`: Find the likeliest next words, and their probabilities.
"""
