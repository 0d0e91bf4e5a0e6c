"""Makes the models that Keras exported to TensorFlow Lite beside it, and what TensorFlow Lite computes of them.

Run in an environment of its own: pip install "tensorflow-cpu==2.15.1"; python make_keras_lite.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

HERE = Path(__file__).parent
KERAS = tf.keras
X = np.random.default_rng(2).normal(size=(1, 7, 3)).astype("f4")


def exported(name: str, *layers: object) -> np.ndarray:
    """Write a model of these layers with random weights, and give its output for X."""
    model = KERAS.Sequential([KERAS.layers.Input((7, 3), batch_size=1), *layers])
    rng = np.random.default_rng(1)
    model.set_weights([0.6 * rng.normal(size=each.shape).astype("f4") for each in model.get_weights()])
    called = tf.function(lambda x: model(x)).get_concrete_function(tf.TensorSpec([1, 7, 3], tf.float32))
    data = tf.lite.TFLiteConverter.from_concrete_functions([called], model).convert()
    (HERE / f"{name}.tflite").write_bytes(data)
    interpreter = tf.lite.Interpreter(model_content=data)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], X)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def lstm(units: int) -> object:
    return KERAS.layers.LSTM(units, return_sequences=True)


def main() -> None:
    found = {
        "keras_stack": exported("keras_stack", lstm(4), lstm(4)),
        "keras_apart": exported("keras_apart", lstm(4), lstm(5)),
        "keras_both": exported("keras_both", KERAS.layers.Bidirectional(lstm(4))),
        "keras_gru": exported("keras_gru", KERAS.layers.GRU(4, return_sequences=True)),
    }
    np.savez_compressed(HERE / "keras_lite.npz", x=X, **found)


if __name__ == "__main__":
    main()
