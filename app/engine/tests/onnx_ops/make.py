"""Tiny ONNX models, one for each operator and form, with what onnxruntime makes of them: writes cases.safetensors.

Per case: NAME.model (the file's bytes), NAME.x (batch of two images), NAME.y (class scores).
pip install numpy onnx onnxruntime safetensors; python make.py
"""
import os
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

rng = np.random.default_rng(7)
HERE = os.path.dirname(os.path.abspath(__file__))
cases = {}


def f(*shape, low=-1.0, high=1.0):
    return rng.uniform(low, high, shape).astype(np.float32)


def i(*values):
    return np.array(values, dtype=np.int64)


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output] if isinstance(output, str) else output, name=f"n_{op}_{output}", **attributes)


def case(name, opset, nodes, inits=None, shape=(3, 6, 5), batch="n", low=-2.0, high=2.0, flatten=True, domain=None, functions=()):
    """`nodes` lead from `x` to `y`; a Flatten makes the scores."""
    out = "y"
    nodes = list(nodes)
    if flatten:
        nodes.append(node("Flatten", ["y"], "scores", axis=1))
        out = "scores"
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *shape])],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(v, k) for k, v in (inits or {}).items()],
    )
    imports = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=8)
    x = rng.uniform(low, high, (2, *shape)).astype(np.float32)
    runs = [x] if isinstance(batch, str) or batch == 2 else [x[:1], x[1:]]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    y = np.concatenate([session.run(None, {"x": r})[0].reshape(len(r), -1) for r in runs])
    assert np.isfinite(y).all(), name
    cases[f"{name}.model"] = np.frombuffer(model.SerializeToString(), dtype=np.uint8)
    cases[f"{name}.x"], cases[f"{name}.y"] = x, y.astype(np.float32)


def one(name, opset, op, inits=None, extra=(), **kw):
    """A single node x, then the initializers in order, then `extra` operand names."""
    attributes = {k: kw.pop(k) for k in list(kw) if k not in ("shape", "batch", "low", "high")}
    case(name, opset, [node(op, ["x", *(inits or {}), *extra], "y", **attributes)], inits, **kw)


# Convolutions
one("conv", 11, "Conv", {"w": f(4, 3, 3, 2), "b": f(4)}, strides=[2, 1], pads=[1, 0, 2, 1], dilations=[1, 2], kernel_shape=[3, 2])
one("conv_groups", 13, "Conv", {"w": f(6, 1, 3, 3)}, group=3, auto_pad="SAME_UPPER", strides=[2, 2])
one("conv_same_lower", 13, "Conv", {"w": f(2, 3, 2, 4)}, auto_pad="SAME_LOWER")
one("conv_valid", 13, "Conv", {"w": f(2, 3, 2, 2)}, auto_pad="VALID")
one("conv_transpose", 11, "ConvTranspose", {"w": f(3, 2, 3, 3), "b": f(2)}, strides=[2, 3], pads=[1, 1, 0, 1], output_padding=[1, 0])
one("conv_transpose_shape", 11, "ConvTranspose", {"w": f(3, 2, 3, 3)}, strides=[2, 2], output_shape=[12, 10])
one("conv_transpose_groups", 14, "ConvTranspose", {"w": f(4, 3, 2, 2)}, group=2, dilations=[2, 1], shape=(4, 4, 3))

# Linear
flat = node("Flatten", ["x"], "flat")
for trans in (0, 1):
    w = f(90, 4) if trans == 0 else f(4, 90)
    case(f"gemm_{trans}", 11, [flat, node("Gemm", ["flat", "w", "b"], "y", transB=trans, alpha=0.5, beta=2.0)], {"w": w, "b": f(1, 4)}, flatten=False)
case("gemm_plain", 13, [flat, node("Gemm", ["flat", "w"], "y")], {"w": f(90, 4)}, flatten=False)
case("gemm_scalar_bias", 13, [flat, node("Gemm", ["flat", "w", "b"], "y")], {"w": f(90, 4), "b": f(1)}, flatten=False)
one("matmul", 11, "MatMul", {"w": f(5, 4)})
one("matmul_leading_one", 13, "MatMul", {"w": f(1, 5, 4)})

# Normalisations
one("batch_norm", 11, "BatchNormalization", {"s": f(3), "b": f(3), "m": f(3), "v": f(3, low=0.5)}, epsilon=1e-3)
one("batch_norm_15", 15, "BatchNormalization", {"s": f(3), "b": f(3), "m": f(3), "v": f(3, low=0.5)})
one("layer_norm", 17, "LayerNormalization", {"s": f(5), "b": f(5)}, epsilon=1e-4)
one("layer_norm_all", 17, "LayerNormalization", {"s": f(3, 6, 5), "b": f(3, 6, 5)}, axis=1)
one("layer_norm_no_bias", 17, "LayerNormalization", {"s": f(6, 5)}, axis=-2)
one("instance_norm", 11, "InstanceNormalization", {"s": f(3), "b": f(3)})
one("group_norm_21", 21, "GroupNormalization", {"s": f(4), "b": f(4)}, num_groups=2, shape=(4, 3, 3))
one("lp_norm", 11, "LpNormalization", axis=1, p=2)

# Activations
for op, kw in {"Relu": {}, "LeakyRelu": {"alpha": 0.2}, "Sigmoid": {}, "HardSigmoid": {"alpha": 0.3, "beta": 0.4}, "Tanh": {}, "Erf": {},
               "Exp": {}, "Neg": {}, "Abs": {}, "Reciprocal": {}, "Softplus": {}, "Elu": {"alpha": 0.7}, "Selu": {}, "Celu": {"alpha": 0.6},
               "Softsign": {}, "ThresholdedRelu": {"alpha": 0.5}, "Sign": {}}.items():
    one(op.lower(), 13, op, **kw)
one("hard_swish", 14, "HardSwish")
one("mish", 18, "Mish")
one("gelu", 20, "Gelu")
one("gelu_tanh", 20, "Gelu", approximate="tanh")
one("log", 13, "Log", low=0.1)
one("sqrt", 13, "Sqrt", low=0.1)
case("silu", 11, [node("Sigmoid", ["x"], "s"), node("Mul", ["x", "s"], "y")])
one("prelu_channels", 11, "PRelu", {"s": f(3, 1, 1)})
one("prelu_one", 16, "PRelu", {"s": f(1)})
one("clip", 11, "Clip", {"lo": np.float32(-0.5).reshape(()), "hi": np.float32(0.7).reshape(())})
case("clip_below", 13, [node("Clip", ["x", "", "hi"], "y")], {"hi": np.float32(0.7).reshape(())})
for opset in (11, 13):
    one(f"softmax_{opset}", opset, "Softmax", axis=1)
    one(f"softmax_last_{opset}", opset, "Softmax", axis=-1)
one("log_softmax", 13, "LogSoftmax", axis=2)

# Arithmetic
for op in ("Add", "Sub", "Mul", "Div"):
    one(f"{op.lower()}_scalar", 13, op, {"c": np.float32(1.7).reshape(())})
    one(f"{op.lower()}_channels", 13, op, {"c": f(3, 1, 1, low=0.5)})
    one(f"{op.lower()}_batch_of_one", 13, op, {"c": f(1, 3, 1, 5, low=0.5)})
    case(f"{op.lower()}_before", 13, [node(op, ["c", "x"], "y")], {"c": np.float32(1.7).reshape(1)}, low=0.5)
    case(f"{op.lower()}_two", 13, [node("Exp", ["x"], "e"), node("ReduceMean", ["x"], "m", axes=[2, 3]), node(op, ["m", "e"], "y")])
one("pow_square", 13, "Pow", {"c": np.float32(2.0).reshape(())})
one("pow_half", 13, "Pow", {"c": np.float32(1.5).reshape(())}, low=0.1)
one("pow_tensor", 13, "Pow", {"c": f(3, 1, 1, low=0.5, high=3)}, low=0.1)
for op in ("Max", "Min", "Sum", "Mean"):
    case(f"{op.lower()}_three", 13, [node("Neg", ["x"], "neg"), node(op, ["x", "neg", "c"], "y")], {"c": f(3, 1, 1)})
case("where", 16, [node("Greater", ["x", "z"], "c"), node("Exp", ["x"], "e"), node("Where", ["c", "x", "e"], "y")], {"z": np.float32(0).reshape(())})
case("where_less", 16, [node("LessOrEqual", ["x", "z"], "c"), node("Not", ["c"], "d"), node("Where", ["d", "x", "k"], "y")],
     {"z": np.float32(0.2).reshape(()), "k": f(1, 3, 1, 1)})

# Poolings
for ceil in (0, 1):
    one(f"max_pool_{ceil}", 12, "MaxPool", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1], ceil_mode=ceil)
    for pad in (0, 1):
        one(f"avg_pool_{ceil}_{pad}", 19, "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=ceil, count_include_pad=pad)
one("max_pool_dilated", 12, "MaxPool", kernel_shape=[2, 2], dilations=[2, 3])
one("max_pool_same", 12, "MaxPool", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
one("avg_pool_same", 11, "AveragePool", kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_LOWER")
one("global_average", 11, "GlobalAveragePool")
one("global_max", 11, "GlobalMaxPool")

# Reductions
for op in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare"):
    opset = 11
    one(f"{op.lower()}_attribute", opset, op, axes=[-1, 1], keepdims=0)
    one(f"{op.lower()}_operand", 18, op, {"a": i(2, 3)}, keepdims=1)

# Parts
case("concat", 11, [node("Relu", ["x"], "r"), node("Concat", ["x", "r", "x"], "y", axis=1)])
case("split_attribute", 11, [node("Split", ["x"], ["a", "b"], axis=2, split=[2, 4]), node("Concat", ["b", "a"], "y", axis=2)])
case("split_operand", 13, [node("Split", ["x", "s"], ["a", "b"], axis=-1), node("Concat", ["b", "a"], "y", axis=-1)], {"s": i(1, 4)})
case("split_equal", 13, [node("Split", ["x"], ["a", "b", "c"], axis=1), node("Sub", ["c", "a"], "y")])
case("split_number", 18, [node("Split", ["x"], ["a", "b"], axis=3, num_outputs=2), node("Concat", ["b", "a"], "y", axis=3)])
case("slice", 11, [node("Slice", ["x", "s", "e", "a", "t"], "y")], {"s": i(-4, 1), "e": i(2**62, -1), "a": i(2, -1), "t": i(2, 1)})
case("slice_batch", 13, [node("Slice", ["x", "s", "e", "a"], "y")], {"s": i(0, 1), "e": i(2**62, 3), "a": i(0, 1)})
case("gather_scalar", 13, [node("Gather", ["x", "i"], "y", axis=1)], {"i": np.array(-1, dtype=np.int64)})
case("gather_list", 13, [node("Gather", ["x", "i"], "y", axis=2)], {"i": i(4, 0, 2)})
case("gather_run", 13, [node("Gather", ["x", "i"], "y", axis=3)], {"i": i(0, 2, 4)})
case("pad_10", 13, [node("Pad", ["x", "p", "v"], "y")], {"p": i(0, 1, 0, 2, 0, 0, 3, 1), "v": np.float32(0.5).reshape(())})
case("pad_axes", 18, [node("Pad", ["x", "p", "", "a"], "y")], {"p": i(1, 0, 2, 1), "a": i(-1, 2)})

# Shapes
case("flatten_last", 13, [node("Flatten", ["x"], "y", axis=-3)])
case("reshape_zero", 13, [node("Reshape", ["x", "s"], "y")], {"s": i(0, -1, 5)})
case("reshape_open_batch", 13, [node("Reshape", ["x", "s"], "y")], {"s": i(-1, 5, 18)})
case("reshape_batch_of_one", 14, [node("Reshape", ["x", "s"], "y", allowzero=1)], {"s": i(1, 90)}, batch=1)
case("reshape_batch_of_two", 14, [node("Reshape", ["x", "s"], "y")], {"s": i(2, 6, 15)}, batch=2)
case("transpose", 13, [node("Transpose", ["x"], "y", perm=[0, 2, 3, 1])])
case("batch_wanders", 13, [node("Transpose", ["x"], "t", perm=[2, 3, 0, 1]), node("Transpose", ["t"], "y", perm=[2, 3, 0, 1])], batch=1)
case("flat_and_back", 13, [node("Reshape", ["x", "m"], "t"), node("Gather", ["t", "i"], "y", axis=0)],
     {"m": i(-1), "i": np.arange(90).reshape(1, 6, 15)[:, ::-1].copy().astype(np.int64)[:, :, :]}, batch=1)
case("squeeze_attribute", 11, [node("ReduceMean", ["x"], "m", axes=[2]), node("Squeeze", ["m"], "s", axes=[2]), node("Unsqueeze", ["s"], "y", axes=[1, -1])])
case("squeeze_operand", 13, [node("ReduceMean", ["x"], "m", axes=[2]), node("Squeeze", ["m", "a"], "s"), node("Unsqueeze", ["s", "b"], "y")], {"a": i(-2), "b": i(1)})
case("expand", 13, [node("ReduceMean", ["x"], "m", axes=[3]), node("Expand", ["m", "s"], "e"), node("Sub", ["x", "e"], "y")], {"s": i(1, 3, 1, 5)})
case("view_as_torchscript", 13, [
    node("Shape", ["x"], "sh"), node("Gather", ["sh", "zero"], "n", axis=0), node("Unsqueeze", ["n", "at"], "n1"),
    node("Gather", ["sh", "one"], "c", axis=0), node("Mul", ["c", "two"], "c2"), node("Unsqueeze", ["c2", "at"], "c1"),
    node("Constant", [], "k", value_ints=[-1]), node("Concat", ["n1", "c1", "k"], "to", axis=0), node("Reshape", ["x", "to"], "y"),
], {"zero": np.array(0, dtype=np.int64), "one": np.array(1, dtype=np.int64), "two": np.array(2, dtype=np.int64), "at": i(0)})
case("pad_as_torchscript", 13, [
    node("ConstantOfShape", ["four"], "zeros", value=helper.make_tensor("v", TensorProto.INT64, [1], [0])), node("Concat", ["pads", "zeros"], "all", axis=0),
    node("Reshape", ["all", "pairs"], "rows"), node("Slice", ["rows", "last", "first", "axis0", "back"], "turned"),
    node("Transpose", ["turned"], "columns", perm=[1, 0]), node("Reshape", ["columns", "open"], "flat8"),
    node("Cast", ["flat8"], "p", to=TensorProto.INT64), node("Pad", ["x", "p"], "y"),
], {"four": i(4), "pads": i(1, 2, 0, 1), "pairs": i(-1, 2), "last": i(-1), "first": i(-(2**62)), "axis0": i(0), "back": i(-1), "open": i(-1)})
case("expand_as_torchscript", 13, [
    node("ReduceMean", ["x"], "m", axes=[2, 3]), node("Shape", ["x"], "sh"), node("ConstantOfShape", ["four"], "ones", value=helper.make_tensor("v", TensorProto.INT64, [1], [1])),
    node("Mul", ["ones", "minus"], "minuses"), node("Equal", ["sh", "minuses"], "open"), node("Where", ["open", "ones", "sh"], "to"),
    node("Expand", ["m", "to"], "e"), node("Sub", ["x", "e"], "y"),
], {"four": i(4), "minus": np.array(-1, dtype=np.int64)})
case("weights_computed", 13, [node("Mul", ["v", "v"], "vv"), node("ReduceSum", ["vv", "a"], "ss"), node("Sqrt", ["ss"], "norm"), node("Div", ["v", "norm"], "u"),
                              node("Mul", ["u", "g"], "w"), node("Conv", ["x", "w"], "y")], {"v": f(4, 3, 3, 3), "g": f(4, 1, 1, 1), "a": i(1, 2, 3)})

# Resizing
for mode, coord, nearest in (("nearest", "asymmetric", "floor"), ("nearest", "half_pixel", "round_prefer_floor"), ("nearest", "half_pixel", "ceil"),
                             ("nearest", "align_corners", "round_prefer_ceil"), ("linear", "half_pixel", "floor"), ("linear", "pytorch_half_pixel", "floor"),
                             ("linear", "align_corners", "floor"), ("linear", "asymmetric", "floor")):
    kw = dict(mode=mode, coordinate_transformation_mode=coord, nearest_mode=nearest)
    case(f"resize_sizes_{mode}_{coord}_{nearest}", 13, [node("Resize", ["x", "", "", "s"], "y", **kw)], {"s": i(2, 3, 11, 7)}, batch=2)
    case(f"resize_scales_{mode}_{coord}_{nearest}", 11, [node("Resize", ["x", "roi", "s"], "y", **kw)], {"roi": f(0), "s": np.array([1, 1, 1.7, 2], dtype=np.float32)})
case("resize_down", 13, [node("Resize", ["x", "", "s"], "y", mode="linear")], {"s": np.array([1, 1, 0.6, 0.5], dtype=np.float32)})
case("resize_axes", 18, [node("Resize", ["x", "", "", "s"], "y", mode="linear", axes=[3, 2])], {"s": i(9, 8)})
case("resize_10", 10, [node("Resize", ["x", "s"], "y", mode="nearest")], {"s": np.array([1, 1, 2, 3], dtype=np.float32)})
case("upsample_9", 9, [node("Upsample", ["x", "s"], "y", mode="linear")], {"s": np.array([1, 1, 2, 2], dtype=np.float32)})
case("interpolate_as_torchscript", 13, [
    node("Shape", ["x"], "sh"), node("Slice", ["sh", "zero", "two", "zero"], "front"), node("Concat", ["front", "size"], "to", axis=0),
    node("Resize", ["x", "", "", "to"], "y", mode="linear", coordinate_transformation_mode="pytorch_half_pixel"),
], {"zero": i(0), "two": i(2), "size": i(9, 4)})

# Structure
case("identity_dropout", 13, [node("Identity", ["x"], "i"), node("Dropout", ["i"], "d"), node("Cast", ["d"], "c", to=TensorProto.FLOAT), node("Neg", ["c"], "y")])
case("half_precision_weights", 13, [node("Cast", ["w"], "w32", to=TensorProto.FLOAT), node("Conv", ["x", "w32"], "y")], {"w": f(2, 3, 1, 1).astype(np.float16)})
leaky = helper.make_node("LeakyRelu", ["t"], ["b"])
leaky.attribute.append(helper.make_attribute_ref("alpha", onnx.AttributeProto.FLOAT))
leaky.attribute[0].ref_attr_name = "slope"
scale = helper.make_function("local", "scaled", ["a"], ["b"], [
    helper.make_node("Constant", [], ["k"], value_float=2.0), helper.make_node("Mul", ["a", "k"], ["t"]), leaky,
], [helper.make_opsetid("", 13)], attributes=["slope"])
case("local_function", 13, [node("scaled", ["x"], "m", domain="local", slope=0.3), node("scaled", ["m"], "y", domain="local", slope=0.1)], domain="local", functions=[scale])

# Constant indices into activations, as PyTorch's exporter writes views, flips and adaptive pooling
grid = lambda *axes: np.stack(np.meshgrid(*[np.array(a, dtype=np.int64) for a in axes], indexing="ij"), axis=-1)
case("slice_backwards", 13, [node("Slice", ["x", "s", "e", "a", "t"], "y")], {"s": i(-1, 4), "e": i(-(2**62), 0), "a": i(3, 2), "t": i(-1, -2)})
case("gather_table", 13, [node("Gather", ["x", "i"], "y", axis=2)], {"i": i(0, 1, 2, 2, 3, 4, 4, 5, 5).reshape(3, 3)})
case("gather_view", 13, [node("Gather", ["x", "i"], "y", axis=2)], {"i": i(0, 3, 1, 4, 2, 5).reshape(3, 2)})
for batch in (1, 2):
    strided = np.lib.stride_tricks.as_strided(np.arange(90 * batch), (batch, 3, 4, 5), (90 * 8, 30 * 8, 8, 6 * 8))
    case(f"as_strided_{batch}", 13, [node("Reshape", ["x", "flat"], "f"), node("Gather", ["f", "i"], "y", axis=0)],
         {"flat": i(-1), "i": np.ascontiguousarray(strided)}, shape=(3, 5, 6), batch=batch)
    case(f"gather_nd_grid_{batch}", 13, [
        node("Transpose", ["x"], "t", perm=[2, 3, 0, 1]), node("GatherND", ["t", "i"], "g"), node("Transpose", ["g"], "y", perm=[4, 5, 0, 1, 2, 3]),
    ], {"i": grid([0, 1, 5], [0, 4]).reshape(3, 1, 2, 1, 2)}, batch=batch)
case("gather_nd_turned", 13, [node("Transpose", ["x"], "t", perm=[2, 3, 0, 1]), node("GatherND", ["t", "i"], "g"), node("Transpose", ["g"], "y", perm=[2, 3, 0, 1])],
     {"i": np.ascontiguousarray(grid([0, 3, 2, 5], [1, 0, 4]).transpose(1, 0, 2))})

save_file(cases, os.path.join(HERE, "cases.safetensors"))
print(len(cases) // 3, "cases", onnx.__version__, onnxruntime.__version__)
