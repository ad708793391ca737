"""Measure how likely a text is.

- `scan`: Run a network over texts in chunks.
- `losses`: The loss of a text in nats and bits, per character and per unit.
- `streams`: Score a text in streams, which are read in parallel.
- `score`: Score a text: the surprise of every character, in nats and bits.
- `lines`: Score each line by itself, without the others as context.
- `ranking`: Rank lines by their part of a text's score, or by their own score.
- `ngrams`: Score a text with n-grams: by counts of what followed what.
- `baselines`: Score a text with baselines for comparison: n-grams and a
  compressor.
- `shift`: Detect whether the held-out end of a text is unlike the rest.
- `passages`: Measure how much of the held-out part stands in the training part,
  too.
- `adaptation`: Score a text while learning from it: dynamic evaluation.
"""
