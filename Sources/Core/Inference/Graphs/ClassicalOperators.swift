// Operators of ai.onnx.ml: what converters write for pipelines of scikit-learn.

extension GraphCompiler {
    mutating func classical(_ call: inout GraphCall) throws(ModelRefused) -> [GraphValue] {
        switch call.node.operation {
        case "Scaler": return [try scaler(&call)]
        case "Normalizer": return [try normalizer(&call)]
        case "Binarizer":
            return [try unary(.above, call.numbers(0), Double(call.float("threshold", 0)))]
        case "Imputer": return [try imputer(&call)]
        case "OneHotEncoder": return [try oneHot(&call)]
        case "LabelEncoder": return [try labelEncoder(&call)]
        case "ArrayFeatureExtractor": return [try extractor(call)]
        case "FeatureVectorizer":
            call.ignore("inputdimensions")
            var parts: [GraphValue] = []
            for index in call.inputs.indices { parts.append(try convert(call.numbers(index), to: .float)) }
            return [try joined(parts, call, 1)]
        case "LinearRegressor": return [try linearRegressor(&call)]
        case "LinearClassifier": return try linearClassifier(&call)
        case "ZipMap": return [try zipMap(&call)]
        case "TreeEnsembleRegressor", "TreeEnsembleClassifier", "TreeEnsemble": return try treeEnsemble(&call)
        default:
            throw ModelRefused("", found: "an operator that is not known here", allowed: Self.list)
        }
    }

    private mutating func row(_ numbers: [Float], _ place: String, _ value: GraphValue) throws(ModelRefused)
        -> GraphValue
    {
        let width = value.shape.dimensions.last ?? 1
        guard numbers.count == 1 || numbers.count == width else {
            throw ModelRefused(place, found: "\(numbers.count) numbers", allowed: "1 or \(width)")
        }
        return try build.constant(numbers, .float)
    }

    private mutating func scaler(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try convert(try call.numbers(0), to: .float)
        let offset = try row(try call.floats("offset") ?? [0], "attribute 'offset'", value)
        let scale = try row(try call.floats("scale") ?? [1], "attribute 'scale'", value)
        return try binary(.multiply, binary(.subtract, value, offset), scale)
    }

    private mutating func normalizer(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try convert(try call.numbers(0), to: .float)
        let kind: Scaling
        switch try call.text("norm", "MAX") {
        case "MAX": kind = .largest
        case "L1": kind = .absolutes
        case "L2": kind = .length
        case let other: throw ModelRefused("attribute 'norm'", found: other, allowed: "MAX, L1, L2")
        }
        guard let axis = value.shape.dimensions.indices.last else {
            throw ModelRefused("input 0", found: value.shape.text, allowed: "rows of features")
        }
        return try scaled(value, kind, along: [axis])
    }

    private mutating func imputer(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        let missing: Double
        let values: [Double]
        if value.type == .int {
            missing = Double(try call.int("replaced_value_int64", 0))
            values = (try call.ints("imputed_value_int64s") ?? []).map { Double($0) }
            call.ignore("replaced_value_float", "imputed_value_floats")
        } else {
            missing = Double(try call.float("replaced_value_float", 0))
            values = (try call.floats("imputed_value_floats") ?? []).map { Double($0) }
            call.ignore("replaced_value_int64", "imputed_value_int64s")
        }
        let width = value.shape.dimensions.last ?? 1
        guard values.count == 1 || values.count == width else {
            throw ModelRefused("imputed values", found: "\(values.count)", allowed: "1 or \(width)")
        }
        var step = GraphStep(code: .impute, type: value.type, a: value.operand)
        step.b = try build.constant(doubles: values, as: value.type).operand
        (step.x, step.n0) = (missing, values.count)
        return try build.emit(step, type: value.type, shape: value.shape)
    }

    /// Keys in ascending order with what belongs to each; a key that is NaN comes last.
    private func sorted<Value>(
        _ keys: [Double], _ values: [Value]
    ) throws(ModelRefused) -> (keys: [Double], values: [Value], hasNaN: Bool) {
        guard keys.count == values.count, !keys.isEmpty else {
            throw ModelRefused(
                "", found: "\(keys.count) keys and \(values.count) values", allowed: "as many of each")
        }
        let order = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.filter { !keys[$0].isNaN }
        for (one, next) in zip(order, order.dropFirst()) where keys[one] == keys[next] {
            throw ModelRefused("", found: "key \(keys[one]) twice", allowed: "each once")
        }
        let none = keys.indices.filter { keys[$0].isNaN }
        let all = order + none.prefix(1)
        return (order.map { keys[$0] }, all.map { values[$0] }, !none.isEmpty)
    }

    private mutating func oneHot(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        let takesUnknown = try call.int("zeros", 1) != 0
        if try call.texts("cats_strings") != nil, value.labels.isEmpty {
            throw ModelRefused(
                "attribute 'cats_strings'", found: "categories that are strings", allowed: "whole numbers")
        }
        let texts = try call.texts("cats_strings")
        let categories: [Double]
        if let texts {
            categories = texts.map { text in Double(value.labels.firstIndex(of: text) ?? -1) }
        } else {
            categories = (try call.ints("cats_int64s") ?? []).map { Double($0) }
        }
        let (keys, places, hasNaN) = try sorted(categories, categories.indices.map(Int64.init))
        var step = GraphStep(code: .oneHot, type: .float, a: value.operand)
        step.b = try build.constant(keys, .double).operand
        step.c = try build.constant(places, .int).operand
        (step.n0, step.n1, step.n2, step.n3) = (
            keys.count, categories.count, hasNaN ? 1 : 0, takesUnknown ? 1 : 0
        )
        step.y = Double(value.type.rawValue)
        var shape = value.shape
        // As ONNX Runtime does: a column of categories is widened, more of them get a dimension of their own.
        shape.dimensions.append(categories.count)
        return try build.emit(step, type: .float, shape: shape)
    }

    private mutating func labelEncoder(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        if let classes = try call.texts("classes_strings") {
            // The first version: numbers of classes.
            call.ignore("default_string", "default_int64")
            guard value.type == .int, value.labels.isEmpty else {
                throw ModelRefused("input 0", found: value.type.name, allowed: "whole numbers")
            }
            return try looked(
                value, classes.indices.map(Double.init), classes.indices.map(Double.init), -1, .int, classes)
        }
        var keys: [Double]
        if let texts = try call.texts("keys_strings") {
            guard !value.labels.isEmpty else {
                throw ModelRefused(
                    "attribute 'keys_strings'", found: "strings as keys",
                    allowed: "numbers: give categories numbers before the model")
            }
            keys = texts.map { Double(value.labels.firstIndex(of: $0) ?? -1) }
        } else if let ints = try call.ints("keys_int64s") {
            keys = ints.map { Double($0) }
        } else if let floats = try call.floats("keys_floats") {
            keys = floats.map { Double($0) }
        } else if let tensor = try call.tensor("keys_tensor") {
            keys = try doubles(of: tensor, "attribute 'keys_tensor'")
        } else {
            throw ModelRefused("", found: "no keys", allowed: "keys_int64s, keys_floats or keys_tensor")
        }
        call.ignore("default_string")
        let intDefault = Double(try call.int("default_int64", -1))
        let floatDefault = Double(try call.float("default_float", -0.0))
        let tensorDefault = try call.tensor("default_tensor")
        if let texts = try call.texts("values_strings") {
            return try looked(value, keys, texts.indices.map(Double.init), -1, .int, texts)
        }
        if let ints = try call.ints("values_int64s") {
            return try looked(value, keys, ints.map { Double($0) }, intDefault, .int)
        }
        if let floats = try call.floats("values_floats") {
            return try looked(value, keys, floats.map { Double($0) }, floatDefault, .float)
        }
        guard let tensor = try call.tensor("values_tensor") else {
            throw ModelRefused("", found: "no values", allowed: "one for each key")
        }
        let values = try build.constant(tensor)
        var otherwise = values.type == .int ? -1.0 : -0.0
        if let tensorDefault,
            let first = try doubles(of: tensorDefault, "attribute 'default_tensor'")
                .first
        {
            otherwise = first
        }
        return try looked(
            value, keys, build.doubles(of: values, "attribute 'values_tensor'"), otherwise, values.type)
    }

    private mutating func looked(
        _ value: GraphValue, _ keys: [Double], _ values: [Double], _ otherwise: Double, _ type: GraphType,
        _ labels: [String] = []
    ) throws(ModelRefused) -> GraphValue {
        let table = try sorted(keys, values)
        var step = GraphStep(code: .lookUp, type: type, a: value.operand)
        step.b = try build.constant(table.keys, .double).operand
        step.c = try build.constant(table.values, .double).operand
        (step.n0, step.n2, step.x, step.y) = (
            table.keys.count, table.hasNaN ? 1 : 0, otherwise, Double(value.type.rawValue)
        )
        return try build.emit(step, type: type, shape: value.shape, labels: labels)
    }

    private mutating func extractor(_ call: GraphCall) throws(ModelRefused) -> GraphValue {
        let (data, wanted) = (try call.input(0), try call.numbers(1))
        guard wanted.type == .int, let last = data.shape.dimensions.indices.last else {
            throw ModelRefused(
                "", found: "\(data.shape.text) by \(wanted.type.name)", allowed: "features by whole numbers")
        }
        if !wanted.shape.isBatched {
            return try gatherKnown(data, build.ints(of: wanted, "input 1"), [wanted.shape.count], last)
        }
        // One row of labels by the class of each row: what ONNX says is one row of as many labels as there
        // are rows, and all that is done with it is to make it a column again.
        guard !data.shape.isBatched, data.shape.count == data.shape.dimensions[last], wanted.shape.count == 1
        else {
            throw ModelRefused(
                "", found: "\(wanted.shape.text) of \(data.shape.text)",
                allowed: "constant places, or one of a constant row")
        }
        var labels = data
        labels.shape.dimensions = [data.shape.count]
        return try gathered(labels, wanted, [1])
    }

    private mutating func linear(
        _ call: inout GraphCall, _ outputs: Int
    ) throws(ModelRefused) -> GraphValue {
        let value = try convert(try call.numbers(0), to: .float)
        let coefficients = try call.floats("coefficients") ?? []
        let intercepts = try call.floats("intercepts") ?? [Float](repeating: 0, count: outputs)
        guard value.shape.dimensions.count == 1, coefficients.count == outputs * value.shape.count,
            intercepts.count == outputs
        else {
            throw ModelRefused(
                "",
                found:
                    "\(coefficients.count) coefficients and \(intercepts.count) intercepts for \(value.shape.text)",
                allowed: "one for each of \(outputs) outputs and feature, and one for each output")
        }
        let matrix = try permuted(
            build.constant(coefficients, .float, [outputs, value.shape.count]), [1, 0])
        let product = try matrixProduct(value, matrix)
        let bias = try build.constant(intercepts, .float)
        if let biased = try addBias(product, bias, isSole: true) { return biased }
        return try binary(.add, product, bias)
    }

    private mutating func linearRegressor(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let targets = try call.int("targets", 1)
        guard (1...Int64(GraphLimits.elements)).contains(targets) else {
            throw ModelRefused("attribute 'targets'", found: "\(targets)", allowed: "at least 1")
        }
        let scores = try linear(&call, Int(targets))
        return try transformed(scores, try call.text("post_transform", "NONE"))
    }

    /// What ai.onnx.ml calls a post_transform.
    mutating func transformed(_ scores: GraphValue, _ name: String) throws(ModelRefused) -> GraphValue {
        let axis = scores.shape.dimensions.count - 1
        switch name {
        case "NONE": return scores
        case "LOGISTIC": return try unary(.sigmoid, scores)
        case "SOFTMAX": return try scaled(scores, .softmax, along: [axis])
        case "SOFTMAX_ZERO": return try scaled(scores, .softmaxOfNonzero, along: [axis])
        default:
            throw ModelRefused(
                "attribute 'post_transform'", found: name, allowed: "NONE, LOGISTIC, SOFTMAX and SOFTMAX_ZERO"
            )
        }
    }

    /// The labels of a classifier's classes: strings, or whole numbers.
    mutating func classLabels(
        _ call: inout GraphCall, _ ints: String, _ texts: String
    ) throws(ModelRefused) -> (names: [String], numbers: [Int64]?) {
        if let names = try call.texts(texts), !names.isEmpty {
            call.ignore(ints)
            return (names, nil)
        }
        guard let numbers = try call.ints(ints), !numbers.isEmpty else {
            throw ModelRefused("attribute '\(ints)'", found: "no classes", allowed: "at least one")
        }
        return (numbers.map { String($0) }, numbers)
    }

    /// The class of a place: its number, or its place where it is a string.
    mutating func label(
        _ place: GraphValue, _ classes: (names: [String], numbers: [Int64]?)
    ) throws(ModelRefused) -> GraphValue {
        guard let numbers = classes.numbers else {
            var place = place
            place.labels = classes.names
            return place
        }
        if numbers == (0..<Int64(numbers.count)).map({ $0 }) { return place }
        return try gathered(build.constant(numbers, .int), place, place.shape.dimensions)
    }

    private mutating func linearClassifier(_ call: inout GraphCall) throws(ModelRefused) -> [GraphValue] {
        let classes = try classLabels(&call, "classlabels_ints", "classlabels_strings")
        call.ignore("multi_class")
        let count = try call.floats("intercepts")?.count ?? classes.names.count
        guard count == classes.names.count, count > 1 else {
            throw ModelRefused(
                "attribute 'intercepts'", found: "\(count) for \(classes.names.count) classes",
                allowed: "one for each of at least 2")
        }
        let scores = try linear(&call, count)
        var step = GraphStep(code: .reduce(.firstLargest), type: .float, a: scores.operand)
        (step.n0, step.n1) = (1, count)
        let place = try build.emit(step, type: .int, shape: .batched([]))
        var values = try transformed(scores, try call.text("post_transform", "NONE"))
        values.labels = classes.names
        return [try label(place, classes), values]
    }

    /// A map from classes to scores stays what it is made of, the scores in the classes' order.
    private mutating func zipMap(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        var value = try call.numbers(0)
        let classes = try classLabels(&call, "classlabels_int64s", "classlabels_strings")
        guard value.shape.isBatched, value.shape.count == classes.names.count else {
            throw ModelRefused(
                "input 0", found: value.shape.text, allowed: "\(classes.names.count) scores in a row")
        }
        value.labels = classes.names
        return value
    }
}
