// Operators of ONNX that make one number of several, or scale several together.

extension GraphCompiler {
    /// A value with these of its dimensions (without the rows) last, as so many runs of so many elements.
    private mutating func runs(
        _ value: GraphValue, along axes: [Int]
    ) throws(ModelRefused) -> (value: GraphValue, count: Int, length: Int, order: [Int]) {
        let all = value.shape.dimensions.indices
        let order = all.filter { !axes.contains($0) } + all.filter(axes.contains)
        let length = axes.map { value.shape.dimensions[$0] }.reduce(1, *)
        let moved = try permuted(value, order)
        return (moved, value.shape.count / length, length, order)
    }

    mutating func reduce(_ call: inout GraphCall, _ reduction: Reduction) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        let keeps = try call.int("keepdims", 1) != 0
        let isEmptyNothing = try call.int("noop_with_empty_axes", 0) != 0
        let wanted = try axes(&call, from: reduction == .sum ? 13 : 18) ?? []
        if wanted.isEmpty, isEmptyNothing { return value }
        var axes: [Int] = []
        for axis in wanted { axes.append(try call.inner(axis, value)) }
        if wanted.isEmpty {
            guard !value.shape.isBatched else {
                throw ModelRefused("axes", found: "all of them", allowed: "those that do not mix rows")
            }
            axes = Array(value.shape.dimensions.indices)
        }
        guard value.type != .int || [.sum, .largest, .smallest].contains(reduction) else {
            throw ModelRefused("input 0", found: "whole numbers", allowed: "float or double")
        }
        return try reduced(value, reduction, axes, keeps)
    }

    private mutating func reduced(
        _ value: GraphValue, _ reduction: Reduction, _ axes: [Int], _ keeps: Bool, takesLast: Bool = false
    ) throws(ModelRefused) -> GraphValue {
        let (moved, count, length, _) = try runs(value, along: axes)
        var step = GraphStep(code: .reduce(reduction), type: value.type, a: moved.operand)
        (step.n0, step.n1, step.n2) = (count, length, takesLast ? 1 : 0)
        var dimensions: [Int] = []
        for (axis, size) in value.shape.dimensions.enumerated() {
            if !axes.contains(axis) { dimensions.append(size) } else if keeps { dimensions.append(1) }
        }
        let isPlace = reduction == .firstLargest || reduction == .firstSmallest
        return try build.emit(
            step, type: isPlace ? .int : value.type,
            shape: GraphShape(isBatched: value.shape.isBatched, dimensions: dimensions))
    }

    mutating func findFirst(_ call: inout GraphCall, _ reduction: Reduction) throws(ModelRefused)
        -> GraphValue
    {
        let value = try call.numbers(0)
        let axis = try call.inner(try call.int("axis", 0), value)
        let keeps = try call.int("keepdims", 1) != 0
        return try reduced(
            value, reduction, [axis], keeps, takesLast: try call.int("select_last_index", 0) != 0)
    }

    mutating func softmax(_ call: inout GraphCall, _ scaling: Scaling) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        let isOld = build.opset < 13
        let axis = try call.inner(try call.int("axis", isOld ? 1 : -1), value)
        // Before version 13 all dimensions from there on were one.
        return try scaled(value, scaling, along: isOld ? Array(axis..<value.shape.dimensions.count) : [axis])
    }

    mutating func scaled(
        _ value: GraphValue, _ scaling: Scaling, along axes: [Int]
    ) throws(ModelRefused) -> GraphValue {
        guard value.type != .int else {
            throw ModelRefused("input 0", found: "whole numbers", allowed: "float or double")
        }
        let (moved, count, length, order) = try runs(value, along: axes)
        var step = GraphStep(code: .scale(scaling), type: value.type, a: moved.operand)
        (step.n0, step.n1) = (count, length)
        let result = try build.emit(step, type: value.type, shape: moved.shape)
        var back = order
        for (place, axis) in order.enumerated() { back[axis] = place }
        var restored = try permuted(result, back)
        restored.labels = value.labels
        return restored
    }
}
