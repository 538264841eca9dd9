// Steps that go element by element.
import Numerics

func unary<T: GraphNumber & BinaryFloatingPoint>(
    _ operation: UnaryOperation, _ step: GraphStep, _ frame: GraphFrame, _: T.Type
) {
    @inline(__always) func each(_ body: (T) -> T) {
        for row in 0..<frame.rows {
            let (a, out): (Numbers<T>, Numbers<T>) = (frame.row(step.a, row), frame.row(step.out, row))
            for i in 0..<step.count { out[i] = body(a[i]) }
        }
    }
    @inline(__always) func wide(_ body: (Double) -> Double) { each { T(graph: body($0.wide)) } }
    func truth(_ body: (T) -> Bool) {
        for row in 0..<frame.rows {
            let a: Numbers<T> = frame.row(step.a, row)
            let out: Numbers<Int64> = frame.row(step.out, row)
            for i in 0..<step.count { out[i] = body(a[i]) ? 1 : 0 }
        }
    }
    func real(_ function: RealFunction) {
        each { $0 }
        for row in 0..<frame.rows {
            let out: Numbers<T> = frame.row(step.out, row)
            out.change(step.count) { T.replace(function, &$0) }
        }
    }
    let (x, y) = (T(step.x), T(step.y))
    switch operation {
    case .copy: each { $0 }
    case .negative: each { -$0 }
    case .magnitude: each { $0.magnitude }
    case .reciprocal: each { 1 / $0 }
    case .squareRoot: each { $0.squareRoot() }
    case .floor: each { $0.rounded(.down) }
    case .ceiling: each { $0.rounded(.up) }
    case .nearest: each { $0.rounded(.toNearestOrEven) }
    case .sign: each { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }
    case .rectify: each { $0 < 0 ? 0 : $0 }
    case .exp: real(.exp)
    case .log: real(.log)
    case .sigmoid: real(.sigmoid)
    case .tanh: real(.tanh)
    case .erf: wide { .erf($0) }
    case .softplus: wide { $0 > 0 ? $0 + .log1p(.exp(-$0)) : .log1p(.exp($0)) }
    case .softsign: each { $0 / (1 + $0.magnitude) }
    case .leaky: each { $0 < 0 ? x * $0 : $0 }
    case .exponentialUnit: wide { $0 < 0 ? step.y * (step.x * .expm1($0)) : step.y * $0 }
    case .hardSigmoid: each { $0.isNaN ? $0 : max(0, min(1, x * $0 + y)) }
    case .clip: each { $0.isNaN ? $0 : min(max($0, x), y) }
    case .above: each { $0 > x ? 1 : 0 }
    case .not: truth { $0 == 0 }
    case .isNaN: truth { $0.isNaN }
    }
}

func unaryOfInts(_ operation: UnaryOperation, _ step: GraphStep, _ frame: GraphFrame) {
    func each(_ body: (Int64) -> Int64) {
        for row in 0..<frame.rows {
            let (a, out): (Numbers<Int64>, Numbers<Int64>) = (
                frame.row(step.a, row), frame.row(step.out, row)
            )
            for i in 0..<step.count { out[i] = body(a[i]) }
        }
    }
    let (x, y) = (Int64(graph: step.x), Int64(graph: step.y))
    switch operation {
    case .negative: each { 0 &- $0 }
    case .magnitude: each { $0 < 0 ? 0 &- $0 : $0 }
    case .sign: each { $0.signum() }
    case .rectify: each { max($0, 0) }
    case .clip: each { min(max($0, x), y) }
    case .above: each { $0 > x ? 1 : 0 }
    case .not: each { $0 == 0 ? 1 : 0 }
    case .isNaN: each { _ in 0 }
    default: each { $0 }
    }
}

/// Calls the body with the elements of both operands and the result's place.
@inline(__always) private func pairs<T: BitwiseCopyable, R: BitwiseCopyable>(
    _ step: GraphStep, _ frame: GraphFrame, _: R.Type, _ body: (T, T) -> R
) {
    let (tableA, tableB): (Numbers<Int32>, Numbers<Int32>) = (
        frame.constant(max(step.tableA, 0)), frame.constant(max(step.tableB, 0))
    )
    for row in 0..<frame.rows {
        let (a, b): (Numbers<T>, Numbers<T>) = (frame.row(step.a, row), frame.row(step.b, row))
        let out: Numbers<R> = frame.row(step.out, row)
        // What is common has loops of its own, which become vectors.
        switch (step.tableA, step.tableB) {
        case (-1, -1): for i in 0..<step.count { out[i] = body(a[i], b[i]) }
        case (-1, -2):
            let b = b[0]
            for i in 0..<step.count { out[i] = body(a[i], b) }
        case (-2, -1):
            let a = a[0]
            for i in 0..<step.count { out[i] = body(a, b[i]) }
        default:
            for i in 0..<step.count {
                let left = step.tableA == -1 ? i : step.tableA == -2 ? 0 : Int(tableA[i])
                let right = step.tableB == -1 ? i : step.tableB == -2 ? 0 : Int(tableB[i])
                out[i] = body(a[left], b[right])
            }
        }
    }
}

func binary<T: GraphNumber & BinaryFloatingPoint>(
    _ operation: BinaryOperation, _ step: GraphStep, _ frame: GraphFrame, _ type: T.Type
) {
    func number(_ body: (T, T) -> T) { pairs(step, frame, T.self, body) }
    func truth(_ body: (T, T) -> Bool) {
        pairs(step, frame, Int64.self) { (a: T, b: T) in body(a, b) ? 1 : 0 }
    }
    switch operation {
    case .add: pairs(step, frame, T.self) { (a: T, b: T) in a + b }
    case .subtract: pairs(step, frame, T.self) { (a: T, b: T) in a - b }
    case .multiply: pairs(step, frame, T.self) { (a: T, b: T) in a * b }
    case .divide: pairs(step, frame, T.self) { (a: T, b: T) in a / b }
    case .power: number { T(graph: .pow($0.wide, $1.wide)) }
    case .smaller: number { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }
    case .larger: number { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }
    case .less: truth { $0 < $1 }
    case .lessOrEqual: truth { $0 <= $1 }
    case .equal: truth { $0 == $1 }
    case .and: truth { $0 != 0 && $1 != 0 }
    case .or: truth { $0 != 0 || $1 != 0 }
    }
}

func binaryOfInts(_ operation: BinaryOperation, _ step: GraphStep, _ frame: GraphFrame) {
    func each(_ body: (Int64, Int64) -> Int64) { pairs(step, frame, Int64.self, body) }
    switch operation {
    case .add: each { $0 &+ $1 }
    case .subtract: each { $0 &- $1 }
    case .multiply: each { $0 &* $1 }
    // By zero nothing can be divided; Int64.min by -1 is itself.
    case .divide: each { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }
    case .power: each { Int64(graph: .pow($0.wide, $1.wide)) }
    case .smaller: each { min($0, $1) }
    case .larger: each { max($0, $1) }
    case .less: each { $0 < $1 ? 1 : 0 }
    case .lessOrEqual: each { $0 <= $1 ? 1 : 0 }
    case .equal: each { $0 == $1 ? 1 : 0 }
    case .and: each { $0 != 0 && $1 != 0 ? 1 : 0 }
    case .or: each { $0 != 0 || $1 != 0 ? 1 : 0 }
    }
}
