"""See what a network does.

- `surprise`: Read a text with a network: what surprised it, and what it
  expected.
- `context`: Measure how far back a network remembers: its loss with a short
  context.
- `gradients`: Measure how far back a loss reaches: its gradient at earlier
  states.
- `neurons`: Find units of a network that track something a reader can name.
- `pages`: Show a reading as a web page: one file that asks nothing of the
  network.
"""
