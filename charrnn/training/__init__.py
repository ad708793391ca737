"""Train a model in a resumable run folder.

The path of one training run, from the call to model.keras:

    charrnn.train
      Session.run               session: all that follows, under one clock
        run_folder.claim        lock the folder, and read its checkpoint
        settle.settle           settings: arguments, checkpoint, defaults
        data.read_data          vocabulary, windows, held-out part
        assembly                model, twin, callbacks; restores a checkpoint
        soft_targets            only with teachers: what they expect, once
        loop.train              a step is one call of twin.train_on_batch;
                                with JAX, a call of engines does many
          Validation            after each round: scores the held-out part
          SaveBest              if that is the best score: writes model.keras
          Checkpoints           about every minute: writes checkpoint-*.npz
        finish.finish           scores model.keras, writes metrics.json
      Run.open                  the result: folder, model, metrics

The command line calls `Session.steps` instead, which trains a step at a time.
A folder that is not named with `out` is claimed after `read_data`, so that a
mistake in the input leaves no folder behind.

- `rules`: The rules of the recipe: what trials found to suit a text and a
  network.
- `speed`: Estimate how fast this machine trains a network.
- `recipe`: Choose the network and its training for a text and a time limit.
- `values`: Check the values of settings, by one rule for flags and for Python.
- `settings`: Every setting of a run, with its default and its limits.
- `units`: Apply a run's unit: its default settings, vocabulary and split.
- `outcome`: How a training session ended.
- `clock`: Measure a run's time: in total, per step, and the time left.
- `checkpoint`: Write and read checkpoints, from which a run resumes exactly.
- `team`: Join the processes of a run, and check that they agree.
- `figures`: Read the metrics.json and history.csv of a run.
- `array_shapes`: Check that a checkpoint's arrays have the shapes of its
  network.
- `run_state`: Validate the state in a checkpoint before it is used.
- `places`: Locate run folders: their place, their names, the newest.
- `run_folder`: Claim and lock a run folder, and move an old run aside.
- `teaching`: Plan the teachers of a run: their time, their folders, their
  figures.
- `variables`: Read and restore all that training changes: a twin's variables.
- `sharing`: Share a run's text and weights among its processes.
- `schedule`: The optimizer, the loss and the learning-rate schedule.
- `line_starts`: Let streams read how a line begins, from the empty state.
- `restarts`: Reset streams to the empty state at random times.
- `round_scoring`: Score the rounds of a training with its own loops, where that
  is faster.
- `validation`: Score the held-out part during training, and keep the best
  model.
- `changes`: Resume a run with other settings: what --change may change.
- `settle`: Resolve a run's settings from flags, checkpoint and defaults.
- `causes`: Name the flags that may have kept a network from learning.
- `footprint`: Check that training will fit into memory.
- `split`: Encode a run's text, and split it into a part to train on and the
  rest.
- `starting`: Start from a trained model: its network, its text form, its
  vocabulary.
- `teachers`: Read the teachers of a student, and how they read a text.
- `data`: Read and check all input of a run before anything is written.
- `advice`: Warn before training about a text that is short, unusual or
  repeated.
- `stopping`: Stop training cleanly on a signal, after a checkpoint.
- `leading`: Take the other processes along in what process 0 computes.
- `engines`: Choose what does the steps: one in a call, or many in a call of
  JAX.
- `loop`: Run the training steps, and write checkpoints.
- `ending`: Estimate how long the work after the last training step takes.
- `budget`: Stop training early enough to finish within the time limit.
- `history`: Record a run's losses as a table and as a plot.
- `reporting`: Report progress during training: the progress line and samples.
- `metrics`: Measure a finished run, for metrics.json.
- `summary`: Summarise in a few lines how good the model of a run is.
- `distillation`: The loss of a student: cross-entropy with its teachers and
  with the text.
- `soft_targets`: Compute once what a run's teachers expect after each unit of
  its text.
- `assembly`: Build what a run trains with: network, twin and callbacks.
- `following`: Train the share of a process that process 0 leads.
- `finish`: Finish a run: write its metrics, its plot and its last sample.
- `session`: Train a run in its folder, from reading the input to the last file.
- `record`: Train teachers, then the student that learns from them: --preset
  record.
- `together`: Train one run with several processes.
- `turns`: Train several runs in turns, so that a busy machine slows all alike.
- `run`: The result of a training run: its folder, model and metrics.
- `train`: Train a network on a text with one call, as `train.py` does.
"""
