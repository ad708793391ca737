"""A key-value store with the interface of JAX's, for processes in threads."""

import threading


class Store:
    """What all clients share; `Store()` stands for each of them."""

    def __init__(self):
        self.values = {}
        self._changed = threading.Condition()
        self.is_gone = False

    def key_value_set_bytes(self, key, value, allow_overwrite=False):
        with self._changed:
            if self.is_gone:
                raise RuntimeError("UNAVAILABLE")
            assert allow_overwrite or key not in self.values
            self.values[key] = value
            self._changed.notify_all()

    key_value_set = key_value_set_bytes

    def blocking_key_value_get_bytes(self, key, milliseconds):
        with self._changed:
            found = self._changed.wait_for(
                lambda: key in self.values, milliseconds / 1000
            )
            if not found:
                raise RuntimeError("DEADLINE_EXCEEDED")
            return self.values[key]

    def key_value_dir_get(self, prefix):
        if self.is_gone:
            raise RuntimeError("UNAVAILABLE")
        found = list(self.values.items())
        return [(key, v) for key, v in found if key.startswith(prefix)]

    def key_value_delete(self, key):
        for name in list(self.values):
            if name == key or (key.endswith("/") and name.startswith(key)):
                del self.values[name]
