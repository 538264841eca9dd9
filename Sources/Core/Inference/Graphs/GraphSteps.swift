// What each step does with the rows of a block. Sums go in the order of the elements and are kept in Double,
// but for dense layers of Floats, whose order is that of the kernels (docs/decisions/0033).
import CSIMD
import Numerics

@inline(__always) private func cell<T>(
    _ numbers: Numbers<T>, _ table: Int, _ tables: Numbers<Int32>, _ i: Int
) -> T {
    switch table {
    case -1: numbers[i]
    case -2: numbers[0]
    default: numbers[Int(tables[i])]
    }
}

func run(_ step: GraphStep, _ frame: GraphFrame, _ trees: [GraphTreeRoom]) {
    switch (step.code, step.type) {
    case (.dense, _): dense(step, frame)
    case (.trees, _): trees[step.n0].run(step, frame)
    case (.convert(let from), _): convert(step, frame, from)
    case (.lookUp, _), (.oneHot, _): categories(step, frame)
    case (.reduce(.firstLargest), .float), (.reduce(.firstSmallest), .float):
        findFirst(step, frame, Float.self)
    case (.reduce(.firstLargest), .double), (.reduce(.firstSmallest), .double):
        findFirst(step, frame, Double.self)
    case (.reduce(.firstLargest), _), (.reduce(.firstSmallest), _): findFirst(step, frame, Int64.self)
    case (.unary(let operation), .float): unary(operation, step, frame, Float.self)
    case (.unary(let operation), .double): unary(operation, step, frame, Double.self)
    case (.unary(let operation), _): unaryOfInts(operation, step, frame)
    case (.binary(let operation), .float): binary(operation, step, frame, Float.self)
    case (.binary(let operation), .double): binary(operation, step, frame, Double.self)
    case (.binary(let operation), _): binaryOfInts(operation, step, frame)
    case (_, .float): run(step, frame, as: Float.self)
    case (_, .double): run(step, frame, as: Double.self)
    default: run(step, frame, as: Int64.self)
    }
}

/// Numbers that graphs compute with.
protocol GraphNumber: BitwiseCopyable, Comparable {
    init(graph: Double)
    var wide: Double { get }
    static func replace(_ function: RealFunction, _ values: inout MutableSpan<Self>)
}

extension Float: GraphNumber {
    @inline(__always) init(graph: Double) { self = Float(graph) }
    @inline(__always) var wide: Double { Double(self) }
    static func replace(_ function: RealFunction, _ values: inout MutableSpan<Float>) {
        function.replace(&values)
    }
}

extension Double: GraphNumber {
    @inline(__always) init(graph: Double) { self = graph }
    @inline(__always) var wide: Double { self }
    static func replace(_ function: RealFunction, _ values: inout MutableSpan<Double>) {
        function.replace(&values)
    }
}

extension Int64: GraphNumber {
    /// Without its decimals; what does not fit is the nearest that does, and what is no number is zero.
    @inline(__always) init(graph: Double) {
        self = graph.magnitude < 0x1p63 ? Int64(graph) : graph > 0 ? .max : graph < 0 ? .min : 0
    }
    @inline(__always) var wide: Double { Double(self) }
    /// Real functions are asked of real numbers alone.
    static func replace(_ function: RealFunction, _ values: inout MutableSpan<Int64>) {}
}

/// What is done alike for all types.
private func run<T: GraphNumber>(_ step: GraphStep, _ frame: GraphFrame, as type: T.Type) {
    switch step.code {
    case .pick:
        let table: Numbers<Int32> = frame.constant(step.tableA)
        for row in 0..<frame.rows {
            let (from, out): (Numbers<T>, Numbers<T>) = (frame.row(step.a, row), frame.row(step.out, row))
            for i in 0..<step.count { out[i] = from[Int(table[i])] }
        }
    case .place:
        // n0 runs of n1 elements, n2 apart in the result, from its element n3 on.
        for row in 0..<frame.rows {
            let (from, out): (Numbers<T>, Numbers<T>) = (frame.row(step.a, row), frame.row(step.out, row))
            for run in 0..<step.n0 {
                for i in 0..<step.n1 { out[step.n3 + run * step.n2 + i] = from[run * step.n1 + i] }
            }
        }
    case .gather: gather(step, frame, type)
    case .choose:
        let (ta, tb, tc): (Numbers<Int32>, Numbers<Int32>, Numbers<Int32>) = (
            frame.constant(max(step.tableA, 0)), frame.constant(max(step.tableB, 0)),
            frame.constant(max(step.tableC, 0))
        )
        for row in 0..<frame.rows {
            let (a, b, out): (Numbers<T>, Numbers<T>, Numbers<T>) = (
                frame.row(step.a, row), frame.row(step.b, row), frame.row(step.out, row)
            )
            let c: Numbers<Int64> = frame.row(step.c, row)
            for i in 0..<step.count {
                out[i] =
                    cell(c, step.tableC, tc, i) != 0
                    ? cell(a, step.tableA, ta, i) : cell(b, step.tableB, tb, i)
            }
        }
    case .impute:
        // x is what is missing, or NaN; b holds what stands in, for each element.
        for row in 0..<frame.rows {
            let (a, b, out): (Numbers<T>, Numbers<T>, Numbers<T>) = (
                frame.row(step.a, row), frame.row(step.b, row), frame.row(step.out, row)
            )
            let missing = T(graph: step.x)
            for i in 0..<step.count {
                out[i] =
                    a[i] == missing || (step.x.isNaN && a[i].wide.isNaN)
                    ? b[step.n0 == 1 ? 0 : i % step.n0] : a[i]
            }
        }
    case .reduce(let reduction): reduce(reduction, step, frame, type)
    case .scale(let scaling): scale(scaling, step, frame, type)
    case .multiply: multiply(step, frame, type)
    case .layerNormalize: layerNormalize(step, frame, type)
    default: break
    }
}

private func dense(_ step: GraphStep, _ frame: GraphFrame) {
    // n0 rows of n1 numbers in each row of the block become n0 of n2; they lie one behind the other.
    let (from, out): (Numbers<Float>, Numbers<Float>) = (frame.row(step.a, 0), frame.row(step.out, 0))
    let (panels, bias): (Numbers<Float>, Numbers<Float>) = (
        frame.constant(step.b.offset), frame.constant(step.c.offset)
    )
    unsafe csimd_dense(
        from.pointer, frame.rows * step.n0, step.n1, panels.pointer, step.n2, bias.pointer, step.n3 != 0,
        out.pointer)
}

private func multiply<T: GraphNumber>(_ step: GraphStep, _ frame: GraphFrame, _: T.Type) {
    // Of each row, n0 times n1 by n1 times n2, n3 times over; b's matrices are one, or as many.
    let stride = step.tableB == -2 ? 0 : step.n1 * step.n2
    for row in 0..<frame.rows {
        let (a, b, out): (Numbers<T>, Numbers<T>, Numbers<T>) = (
            frame.row(step.a, row), frame.row(step.b, row), frame.row(step.out, row)
        )
        for one in 0..<step.n3 {
            for i in 0..<step.n0 {
                for j in 0..<step.n2 {
                    var sum = 0.0
                    for k in 0..<step.n1 {
                        sum +=
                            a[(one * step.n0 + i) * step.n1 + k].wide * b[one * stride + k * step.n2 + j].wide
                    }
                    out[(one * step.n0 + i) * step.n2 + j] = T(graph: sum)
                }
            }
        }
    }
}

private func gather<T: GraphNumber>(_ step: GraphStep, _ frame: GraphFrame, _: T.Type) {
    // a is a table of n0 rows of n1 elements; b are the rows that are asked for, from the end where below
    // zero.
    for row in 0..<frame.rows {
        let (table, out): (Numbers<T>, Numbers<T>) = (frame.row(step.a, row), frame.row(step.out, row))
        let wanted: Numbers<Int64> = frame.row(step.b, row)
        for i in 0..<step.count / step.n1 {
            var index = wanted[i]
            if index < 0 { index &+= Int64(step.n0) }
            if index < 0 || index >= Int64(step.n0) {
                frame.refuse(row: row)
                index = 0
            }
            for j in 0..<step.n1 { out[i * step.n1 + j] = table[Int(index) * step.n1 + j] }
        }
    }
}

private func convert(_ step: GraphStep, _ frame: GraphFrame, _ from: GraphType) {
    // n0: 1 makes truth values; else the bits of whole numbers that are kept.
    func numbers<A: GraphNumber, B: GraphNumber>(_: A.Type, _: B.Type) {
        for row in 0..<frame.rows {
            let (a, out): (Numbers<A>, Numbers<B>) = (frame.row(step.a, row), frame.row(step.out, row))
            for i in 0..<step.count {
                let value = a[i].wide
                if step.n0 == 1 {
                    out[i] = B(graph: value != 0 ? 1 : 0)
                } else {
                    // Processors disagree on what such a whole number would be.
                    if step.type == .int, !(value.magnitude < step.x) { frame.refuse(row: row) }
                    out[i] = B(graph: value)
                }
            }
        }
    }
    switch (from, step.type) {
    case (.float, .double): numbers(Float.self, Double.self)
    case (.float, .int): numbers(Float.self, Int64.self)
    case (.double, .float): numbers(Double.self, Float.self)
    case (.double, .int): numbers(Double.self, Int64.self)
    case (.int, .float):
        // Not by way of Double, which would round twice.
        for row in 0..<frame.rows {
            let (a, out): (Numbers<Int64>, Numbers<Float>) = (
                frame.row(step.a, row), frame.row(step.out, row)
            )
            for i in 0..<step.count { out[i] = Float(a[i]) }
        }
    case (.int, .double): numbers(Int64.self, Double.self)
    default:
        for row in 0..<frame.rows {
            let (a, out): (Numbers<Int64>, Numbers<Int64>) = (
                frame.row(step.a, row), frame.row(step.out, row)
            )
            for i in 0..<step.count { out[i] = step.n0 == 1 ? (a[i] != 0 ? 1 : 0) : a[i] }
        }
    }
}
