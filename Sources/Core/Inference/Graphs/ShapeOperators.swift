// Operators of ONNX that move elements. What only names the same elements otherwise takes no step at all.

extension GraphCompiler {
    /// The same elements under other dimensions.
    private func renamed(_ value: GraphValue, _ dimensions: [Int]) -> GraphValue {
        var value = value
        value.shape.dimensions = dimensions
        return value
    }

    /// Elements of a value by their places in its row.
    mutating func pick(
        _ value: GraphValue, _ places: [Int32], _ dimensions: [Int]
    ) throws(ModelRefused) -> GraphValue {
        let shape = GraphShape(isBatched: value.shape.isBatched, dimensions: dimensions)
        if value.type == .text {
            return GraphValue(
                type: .text, shape: shape, operand: .none, texts: places.map { value.texts[Int($0)] })
        }
        if places.count == value.shape.count, places.indices.allSatisfy({ Int(places[$0]) == $0 }) {
            return renamed(value, dimensions)
        }
        try GraphLimits.check(shape)
        var step = GraphStep(code: .pick, type: value.type, a: value.operand)
        step.tableA = try build.table(places)
        let labels = value.labels.count == places.count ? places.map { value.labels[Int($0)] } : []
        return try build.emit(step, type: value.type, shape: shape, labels: labels)
    }

    mutating func reshape(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.input(0)
        let wanted = try build.ints(of: try call.input(1), "the new shape")
        let takesZero = try call.int("allowzero", 0) != 0
        func refused() -> ModelRefused {
            ModelRefused(
                "",
                found:
                    "shape [\(wanted.map { $0 == rowsAsNumber ? "rows" : String($0) }.joined(separator: ", "))] for \(value.shape.text)",
                allowed: "the same elements, with the rows still in the first dimension")
        }
        guard wanted.count <= ONNXLimits.rank else { throw refused() }
        var sizes = wanted[...]
        if value.shape.isBatched {
            guard let first = sizes.popFirst() else { throw refused() }
            // Only sizes that leave each row what it has are right for every number of rows.
            guard first == -1 || first == 0 || first == rowsAsNumber || declaredRows.contains(Int(first))
            else {
                throw refused()
            }
        }
        var dimensions: [Int] = []
        var open: Int?
        for (axis, size) in sizes.enumerated() {
            switch size {
            case -1 where open == nil:
                open = axis
                dimensions.append(1)
            case 0 where !takesZero:
                guard axis < value.shape.dimensions.count else { throw refused() }
                dimensions.append(value.shape.dimensions[axis])
            case 1...Int64(GraphLimits.elements): dimensions.append(Int(size))
            default: throw refused()
            }
        }
        guard let known = boundedShape(dimensions.map(Int64.init))?.reduce(1, *) else { throw refused() }
        if let open { dimensions[open] = value.shape.count / known }
        guard dimensions.reduce(1, *) == value.shape.count else { throw refused() }
        return renamed(value, dimensions)
    }

    mutating func flatten(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        let axis = try call.int("axis", 1)
        guard value.shape.isBatched else {
            let place =
                axis == Int64(value.shape.rank) ? value.shape.rank : try call.axis(axis, value.shape.rank)
            return renamed(
                value,
                [
                    value.shape.dimensions[..<place].reduce(1, *),
                    value.shape.dimensions[place...].reduce(1, *),
                ])
        }
        guard axis == 1 || axis + Int64(value.shape.rank) == 1 else {
            throw ModelRefused("axis", found: "\(axis)", allowed: "1: others mix rows")
        }
        return renamed(value, [value.shape.count])
    }

    mutating func squeeze(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.input(0)
        guard let axes = try axes(&call, from: 13) else {
            return renamed(value, value.shape.dimensions.filter { $0 != 1 })
        }
        var removed: Set<Int> = []
        for axis in axes { removed.insert(try call.inner(axis, value)) }
        for axis in removed where value.shape.dimensions[axis] != 1 {
            throw ModelRefused("axes", found: "a dimension of \(value.shape.dimensions[axis])", allowed: "1")
        }
        return renamed(
            value,
            value.shape.dimensions.indices.filter { !removed.contains($0) }.map { value.shape.dimensions[$0] }
        )
    }

    mutating func unsqueeze(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.input(0)
        let axes = try axes(&call, from: 13) ?? []
        let rank = value.shape.rank + axes.count
        guard rank <= ONNXLimits.rank else {
            throw ModelRefused("axes", found: "\(rank) dimensions", allowed: "up to \(ONNXLimits.rank)")
        }
        var added: Set<Int> = []
        for axis in axes { added.insert(try call.axis(axis, rank)) }
        guard added.count == axes.count, !value.shape.isBatched || !added.contains(0) else {
            throw ModelRefused("axes", found: "\(axes)", allowed: "each once, and the rows first")
        }
        var old = value.shape.dimensions[...]
        let first = value.shape.isBatched ? 1 : 0
        return renamed(value, (first..<rank).map { added.contains($0) ? 1 : old.removeFirst() })
    }

    /// Axes, from an input since that version, before from an attribute.
    mutating func axes(_ call: inout GraphCall, from version: Int64) throws(ModelRefused) -> [Int64]? {
        if build.opset < version { return try call.ints("axes") }
        guard let input = call.optional(1) else { return nil }
        return try build.ints(of: input, "axes")
    }

    mutating func transpose(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.input(0)
        let rank = value.shape.rank
        let order = try call.ints("perm") ?? (0..<Int64(rank)).reversed()
        guard order.count == rank, Set(order) == Set(0..<Int64(rank)) else {
            throw ModelRefused(
                "attribute 'perm'", found: "\(order)", allowed: "each of \(rank) dimensions once")
        }
        var inner = order.map { Int($0) }
        if value.shape.isBatched {
            guard inner.removeFirst() == 0 else {
                throw ModelRefused("attribute 'perm'", found: "\(order)", allowed: "the rows first")
            }
            inner = inner.map { $0 - 1 }
        }
        return try permuted(value, inner)
    }

    /// The dimensions without the rows in another order.
    mutating func permuted(_ value: GraphValue, _ order: [Int]) throws(ModelRefused) -> GraphValue {
        let apart = strides(of: value.shape.dimensions)
        let dimensions = order.map { value.shape.dimensions[$0] }
        return try pick(value, indices(of: dimensions, strides: order.map { apart[$0] }), dimensions)
    }

    mutating func slice(_ call: GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.input(0)
        guard build.opset >= 10 else {
            throw ModelRefused("", found: "operators of version \(build.opset)", allowed: "10 or later")
        }
        let starts = try build.ints(of: call.input(1), "starts")
        let ends = try build.ints(of: call.input(2), "ends")
        let axes =
            try call.optional(3).map { (axes) throws(ModelRefused) in try build.ints(of: axes, "axes") }
            ?? starts.indices.map(Int64.init)
        let steps =
            try call.optional(4).map { (steps) throws(ModelRefused) in try build.ints(of: steps, "steps") }
            ?? starts.map { _ in 1 }
        guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count,
            Set(axes).count == axes.count
        else {
            throw ModelRefused(
                "", found: "starts, ends, axes and steps of other lengths", allowed: "one each")
        }
        var dimensions = value.shape.dimensions
        var apart = strides(of: dimensions)
        var offset = 0
        for index in starts.indices {
            let axis = try call.inner(axes[index], value)
            let size = Int64(dimensions[axis])
            let step = steps[index]
            guard step != 0, step.magnitude <= UInt64(GraphLimits.elements) else {
                throw ModelRefused(
                    "steps", found: "\(step)", allowed: "1 to \(GraphLimits.elements), either way")
            }
            func clamped(_ place: Int64, _ range: ClosedRange<Int64>) -> Int64 {
                let place = place < 0 ? max(place, -size - 1) + size : place
                return min(max(place, range.lowerBound), range.upperBound)
            }
            let start = clamped(starts[index], step > 0 ? 0...size : 0...size - 1)
            let end = clamped(ends[index], step > 0 ? 0...size : -1...size - 1)
            let count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step
            guard count > 0 else {
                throw ModelRefused(
                    "", found: "nothing between \(start) and \(end)", allowed: "at least one element")
            }
            offset += Int(start) * apart[axis]
            apart[axis] *= Int(step)
            dimensions[axis] = Int(count)
        }
        return try pick(value, indices(of: dimensions, strides: apart, offset: offset), dimensions)
    }

    mutating func split(_ call: inout GraphCall) throws(ModelRefused) -> [GraphValue] {
        let value = try call.numbers(0)
        let axis = try call.inner(try call.int("axis", 0), value)
        let size = value.shape.dimensions[axis]
        let parts = call.node.outputs.count
        call.ignore("num_outputs")
        var sizes: [Int64]?
        if build.opset < 13 {
            sizes = try call.ints("split")
        } else if let input = call.optional(1) {
            sizes = try build.ints(of: input, "split")
        }
        let even = (size + parts - 1) / max(parts, 1)
        let lengths = sizes ?? (0..<parts).map { Int64(min(even, size - $0 * even)) }
        guard lengths.count == parts, lengths.allSatisfy({ $0 > 0 && $0 <= Int64(size) }),
            lengths.reduce(0, +) == Int64(size)
        else {
            throw ModelRefused(
                "split", found: "\(lengths) of \(size)", allowed: "lengths that add up, one for each output")
        }
        let apart = strides(of: value.shape.dimensions)
        var results: [GraphValue] = []
        var start = 0
        for length in lengths {
            var dimensions = value.shape.dimensions
            dimensions[axis] = Int(length)
            let places = indices(of: dimensions, strides: apart, offset: start * apart[axis])
            results.append(try pick(value, places, dimensions))
            start += Int(length)
        }
        return results
    }

    mutating func concat(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        var parts: [GraphValue] = []
        for index in call.inputs.indices { parts.append(try call.numbers(index)) }
        return try joined(parts, call, try call.int("axis", 0))
    }

    mutating func joined(
        _ parts: [GraphValue], _ call: GraphCall, _ axis: Int64
    ) throws(ModelRefused) -> GraphValue {
        guard let first = parts.first else {
            throw ModelRefused("", found: "no inputs", allowed: "at least one")
        }
        let axis = try call.inner(axis, first)
        var dimensions = first.shape.dimensions
        dimensions[axis] = 0
        for part in parts {
            var others = part.shape.dimensions
            guard part.type == first.type, part.shape.isBatched == first.shape.isBatched,
                others.count == dimensions.count
            else {
                throw ModelRefused(
                    "",
                    found: "\(first.type.name) \(first.shape.text) and \(part.type.name) \(part.shape.text)",
                    allowed: "inputs of one type and as many dimensions")
            }
            others[axis] = dimensions[axis]
            guard others == dimensions else {
                throw ModelRefused(
                    "", found: "\(first.shape.text) and \(part.shape.text)",
                    allowed: "the same in all dimensions but one")
            }
            dimensions[axis] += part.shape.dimensions[axis]
        }
        if parts.count == 1 { return first }
        let shape = GraphShape(isBatched: first.shape.isBatched, dimensions: dimensions)
        try GraphLimits.check(elements: shape.count)
        let inner = dimensions[(axis + 1)...].reduce(1, *)
        let outer = dimensions[..<axis].reduce(1, *)
        guard shape.isBatched else { return try joinedConstants(parts, shape, outer, inner, axis) }
        let out = build.slot(first.type, shape.count)
        var start = 0
        for part in parts {
            var step = GraphStep(code: .place, type: first.type, a: part.operand, out: out)
            let run = part.shape.dimensions[axis] * inner
            step.count = shape.count
            (step.n0, step.n1, step.n2, step.n3) = (outer, run, dimensions[axis] * inner, start)
            start += run
            try build.append(step)
        }
        return GraphValue(type: first.type, shape: shape, operand: out)
    }

    private mutating func joinedConstants(
        _ parts: [GraphValue], _ shape: GraphShape, _ outer: Int, _ inner: Int, _ axis: Int
    ) throws(ModelRefused) -> GraphValue {
        func all<Element: BitwiseCopyable>(_: Element.Type) -> [Element] {
            var result: [Element] = []
            let numbers = parts.map { build.numbers(of: $0, as: Element.self) }
            for row in 0..<outer {
                for (part, numbers) in zip(parts, numbers) {
                    let run = part.shape.dimensions[axis] * inner
                    result += numbers[row * run..<(row + 1) * run]
                }
            }
            return result
        }
        switch parts[0].type {
        case .float: return try build.constant(all(Float.self), .float, shape.dimensions)
        case .double: return try build.constant(all(Double.self), .double, shape.dimensions)
        default: return try build.constant(all(Int64.self), .int, shape.dimensions)
        }
    }

    mutating func gather(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let data = try call.input(0)
        let wanted = try call.numbers(1)
        let axis = try call.int("axis", 0)
        guard wanted.type == .int else {
            throw ModelRefused("input 1", found: wanted.type.name, allowed: "whole numbers")
        }
        guard wanted.shape.isBatched else {
            return try gatherKnown(
                data, build.ints(of: wanted, "input 1"), wanted.shape.dimensions, call.inner(axis, data))
        }
        guard !data.shape.isBatched, try call.axis(axis, data.shape.rank) == 0 else {
            throw ModelRefused(
                "", found: "indices that depend on the row into \(data.shape.text), dimension \(axis)",
                allowed: "a constant table and its first dimension")
        }
        return try gathered(data, wanted, wanted.shape.dimensions + data.shape.dimensions.dropFirst())
    }

    /// Rows of a constant table; of one of strings, their numbers, with the strings as what they stand for.
    mutating func gathered(
        _ data: GraphValue, _ wanted: GraphValue, _ dimensions: [Int]
    ) throws(ModelRefused) -> GraphValue {
        var data = data
        var labels: [String] = []
        if data.type == .text {
            labels = data.texts
            data = try build.constant((0..<Int64(labels.count)).map { $0 }, .int)
        }
        var step = GraphStep(code: .gather, type: data.type, a: data.operand, b: wanted.operand)
        step.n0 = data.shape.dimensions.first ?? 1
        step.n1 = data.shape.dimensions.dropFirst().reduce(1, *)
        return try build.emit(step, type: data.type, shape: .batched(dimensions), labels: labels)
    }

    /// Elements whose places are known, along one of the dimensions without the rows.
    mutating func gatherKnown(
        _ data: GraphValue, _ wanted: [Int64], _ shape: [Int], _ axis: Int
    ) throws(ModelRefused) -> GraphValue {
        let old = data.shape.dimensions
        let size = Int64(old[axis])
        let dimensions = Array(old[..<axis]) + shape + Array(old[(axis + 1)...])
        guard boundedShape(dimensions.map(Int64.init)) != nil else {
            throw ModelRefused(
                "", found: "dimensions \(dimensions)", allowed: "up to \(GraphLimits.elements) elements")
        }
        let inner = old[(axis + 1)...].reduce(1, *)
        var places: [Int32] = []
        for outer in 0..<old[..<axis].reduce(1, *) {
            for index in wanted {
                guard index >= -size, index < size else {
                    throw ModelRefused("input 1", found: "\(index)", allowed: "\(-size) to \(size - 1)")
                }
                let place = (outer * Int(size) + Int(index < 0 ? index + size : index)) * inner
                for i in 0..<inner { places.append(Int32(place + i)) }
            }
        }
        return try pick(data, places, dimensions)
    }

    mutating func expand(_ call: GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.numbers(0)
        var wanted = try build.ints(of: try call.input(1), "the new shape")
        if value.shape.isBatched, wanted.count == value.shape.rank {
            guard [1, rowsAsNumber].contains(wanted.removeFirst()) else {
                throw ModelRefused("", found: "as many rows as a number says", allowed: "the rows that come")
            }
        }
        guard let dimensions = boundedShape(wanted) else {
            throw ModelRefused("the new shape", found: "\(wanted)", allowed: "a shape without the rows")
        }
        let target = GraphShape(isBatched: value.shape.isBatched, dimensions: dimensions)
        let broadcast = try Broadcast([value.shape, target])
        guard let places = broadcast.tables[0] else { return renamed(value, broadcast.shape.dimensions) }
        return try pick(value, places, broadcast.shape.dimensions)
    }

    mutating func shape(_ call: inout GraphCall) throws(ModelRefused) -> GraphValue {
        let value = try call.input(0)
        let all = (value.shape.isBatched ? [rowsAsNumber] : []) + value.shape.dimensions.map(Int64.init)
        let rank = Int64(all.count)
        func place(_ axis: Int64) -> Int { Int(min(max(axis < 0 ? axis + rank : axis, 0), rank)) }
        let start = place(try call.int("start", 0))
        let end = max(place(try call.int("end", rank)), start)
        return try build.constant(Array(all[start..<end]), .int)
    }
}
