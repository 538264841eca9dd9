// Steps over runs of elements: sums, what is largest, what makes them add up to one, and categories.
import Numerics

/// n0 runs of n1 elements each.
@inline(__always) private func runs<T, R>(
    _ step: GraphStep, _ frame: GraphFrame, _: T.Type, _: R.Type,
    _ body: (Numbers<T>, Int, Numbers<R>, Int) -> Void
) {
    for row in 0..<frame.rows {
        let a: Numbers<T> = frame.row(step.a, row)
        let out: Numbers<R> = frame.row(step.out, row)
        for run in 0..<step.n0 { body(a, run * step.n1, out, run) }
    }
}

func reduce<T: GraphNumber>(_ reduction: Reduction, _ step: GraphStep, _ frame: GraphFrame, _ type: T.Type) {
    let count = step.n1
    func fold(_ first: Double, _ next: (Double, Double) -> Double, _ last: (Double) -> Double = { $0 }) {
        runs(step, frame, type, type) { from, start, out, run in
            var result = first
            for i in 0..<count { result = next(result, from[start + i].wide) }
            out[run] = T(graph: last(result))
        }
    }
    switch reduction {
    case .sum: fold(0, { $0 + $1 })
    case .mean: fold(0, { $0 + $1 }, { $0 / Double(count) })
    case .largest: fold(-.infinity, { $0.isNaN || $1.isNaN ? .nan : max($0, $1) })
    case .smallest: fold(.infinity, { $0.isNaN || $1.isNaN ? .nan : min($0, $1) })
    case .product: fold(1, { $0 * $1 })
    case .absolutes: fold(0, { $0 + $1.magnitude })
    case .squares: fold(0, { $0 + $1 * $1 })
    case .length: fold(0, { $0 + $1 * $1 }, { $0.squareRoot() })
    case .firstLargest, .firstSmallest: break
    }
}

func findFirst<T: GraphNumber>(_ step: GraphStep, _ frame: GraphFrame, _ type: T.Type) {
    var isLargest = false
    if case .reduce(.firstLargest) = step.code { isLargest = true }
    // n2: the last one of equals.
    let takesLast = step.n2 != 0
    runs(step, frame, type, Int64.self) { from, start, out, run in
        var best = 0
        for i in 1..<max(step.n1, 1) {
            let (value, kept) = (from[start + i], from[start + best])
            let isBetter = isLargest ? value > kept : value < kept
            if isBetter || (takesLast && value == kept) { best = i }
        }
        out[run] = Int64(best)
    }
}

func scale<T: GraphNumber>(_ scaling: Scaling, _ step: GraphStep, _ frame: GraphFrame, _ type: T.Type) {
    let count = step.n1
    runs(step, frame, type, type) { from, start, out, run in
        func each(_ body: (T) -> Double) {
            for i in 0..<count { out[start + i] = T(graph: body(from[start + i])) }
        }
        func sum(_ body: (Double) -> Double) -> Double {
            var result = 0.0
            for i in 0..<count { result += body(from[start + i].wide) }
            return result
        }
        var largest = -Double.infinity
        for i in 0..<count { largest = max(largest, from[start + i].wide) }
        switch scaling {
        case .softmax:
            let all = sum { .exp($0 - largest) }
            each { .exp($0.wide - largest) / all }
        case .softmaxOfNonzero:
            // Where a score is next to nothing, it stays so (ai.onnx.ml's SOFTMAX_ZERO).
            let all = sum { $0.magnitude > 0.0000001 ? .exp($0 - largest) : 0 }
            each { $0.wide.magnitude > 0.0000001 ? .exp($0.wide - largest) / all : $0.wide }
        case .logSoftmax:
            let all = Double.log(sum { .exp($0 - largest) })
            each { $0.wide - largest - all }
        case .largest:
            var all = 0.0
            for i in 0..<count { all = max(all, from[start + i].wide.magnitude) }
            each { all == 0 ? $0.wide : $0.wide / all }
        case .absolutes:
            let all = sum(\.magnitude)
            each { all == 0 ? $0.wide : $0.wide / all }
        case .length:
            let all = sum { $0 * $0 }.squareRoot()
            each { all == 0 ? $0.wide : $0.wide / all }
        }
    }
}

/// Of n1 elements each, by their mean and deviation; b is multiplied and c added, element by element.
func layerNormalize<T: GraphNumber>(_ step: GraphStep, _ frame: GraphFrame, _ type: T.Type) {
    let count = step.n1
    runs(step, frame, type, type) { from, start, out, run in
        var sum = 0.0
        for i in 0..<count { sum += from[start + i].wide }
        let mean = sum / Double(count)
        var squares = 0.0
        for i in 0..<count { squares += (from[start + i].wide - mean) * (from[start + i].wide - mean) }
        let deviation = (squares / Double(count) + step.x).squareRoot()
        let (scale, shift): (Numbers<T>, Numbers<T>) = (
            frame.constant(step.b.offset), frame.constant(step.c.offset)
        )
        for i in 0..<count {
            let normal = (from[start + i].wide - mean) / deviation
            out[start + i] = T(graph: normal * scale[i].wide + shift[i].wide)
        }
    }
}

/// Categories by the numbers that they are: b holds n0 keys in ascending order, as Doubles, and c the place
/// of each, or the value that belongs to it.
func categories(_ step: GraphStep, _ frame: GraphFrame) {
    let keys: Numbers<Double> = frame.constant(step.b.offset)
    func find(_ value: Double) -> Int? {
        var (low, high) = (0, step.n0)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < step.n0 && keys[low] == value ? low : nil
    }
    /// The key that is NaN has the last place.
    func place(_ value: Double) -> Int? { value.isNaN ? (step.n2 != 0 ? step.n0 : nil) : find(value) }

    func each<A: GraphNumber, B: GraphNumber>(_: A.Type, _: B.Type) {
        for row in 0..<frame.rows {
            let (a, out): (Numbers<A>, Numbers<B>) = (frame.row(step.a, row), frame.row(step.out, row))
            if case .lookUp = step.code {
                let values: Numbers<Double> = frame.constant(step.c.offset)
                for i in 0..<step.count {
                    out[i] = B(graph: place(a[i].wide).map { values[$0] } ?? step.x)
                }
            } else {
                // n1 places for each element.
                let places: Numbers<Int64> = frame.constant(step.c.offset)
                for i in 0..<step.count { out[i] = B(graph: 0) }
                for i in 0..<step.count / step.n1 {
                    if let known = place(a[i].wide) {
                        out[i * step.n1 + Int(places[known])] = B(graph: 1)
                    } else if step.n3 == 0 {
                        frame.refuse(row: row)
                    }
                }
            }
        }
    }
    func from<A: GraphNumber>(_ type: A.Type) {
        switch step.type {
        case .float: each(type, Float.self)
        case .double: each(type, Double.self)
        default: each(type, Int64.self)
        }
    }
    // y says what the operand's type is.
    switch GraphType(rawValue: UInt8(step.y)) {
    case .float: from(Float.self)
    case .double: from(Double.self)
    default: from(Int64.self)
    }
}
