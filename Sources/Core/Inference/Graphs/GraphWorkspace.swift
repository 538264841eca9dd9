// The memory in which a program runs, and the running of it: rows in, rows out, nothing allocated. A row
// without a result (a category or an index that the model does not know, a number that should be whole and is
// not) has NaN in every output.

public struct GraphWorkspace: ~Copyable {
    private let scratch: AlignedBytes
    private let faults: AlignedBytes
    private let trees: [GraphTreeRoom]

    public init(for program: GraphProgram) {
        scratch = AlignedBytes(count: program.bytesPerRow * GraphLimits.rows)
        faults = AlignedBytes(count: GraphLimits.rows)
        trees = program.trees.map(GraphTreeRoom.init)
    }

    /// Runs the program on rows that lie one behind the other, each with the numbers of all inputs in their
    /// order.
    /// - Parameter results: gets for each row the numbers of all outputs in their order.
    @_lifetime(results: copy results)
    public mutating func run(_ program: GraphProgram, rows: Span<Float>, results: inout MutableSpan<Float>) {
        runAny(program, rows: rows, results: &results)
    }

    @_lifetime(results: copy results)
    public mutating func run(_ program: GraphProgram, rows: Span<Double>, results: inout MutableSpan<Double>)
    {
        runAny(program, rows: rows, results: &results)
    }

    /// In the module alone, where it is made for each type of number.
    @_lifetime(results: copy results)
    mutating func runAny<
        Number: BinaryFloatingPoint & BitwiseCopyable, Result: BinaryFloatingPoint & BitwiseCopyable
    >(
        _ program: GraphProgram, rows: Span<Number>, results: inout MutableSpan<Result>
    ) {
        let width = program.inputWidth
        let outputWidth = program.outputWidth
        let count = rows.count / width
        precondition(
            rows.count == count * width && results.count == count * outputWidth, "rows of another width")
        precondition(
            scratch.count == program.bytesPerRow * GraphLimits.rows, "a workspace of another program")
        var done = 0
        while done < count {
            let block = min(count - done, GraphLimits.rows)
            let frame = unsafe GraphFrame(
                constants: program.constants.memory, scratch: scratch.memory,
                faults: faults.memory.assumingMemoryBound(to: Bool.self), capacity: GraphLimits.rows,
                rows: block)
            for row in 0..<block { unsafe frame.faults[row] = false }
            frame.take(rows, from: done * width, program)
            frame.run(program, trees)
            frame.give(&results, from: done * outputWidth, program)
            done += block
        }
    }
}

extension GraphFrame {
    fileprivate func run(_ program: GraphProgram, _ trees: [GraphTreeRoom]) {
        for index in program.steps.indices { Inference.run(program.steps[index], self, trees) }
    }

    /// From rows of all inputs to the memory of each.
    fileprivate func take<Number: BinaryFloatingPoint & BitwiseCopyable>(
        _ values: Span<Number>, from start: Int, _ program: GraphProgram
    ) {
        var column = start
        for index in program.inputs.indices {
            let width = program.inputs[index].width
            let (type, operand) = program.inputPlaces[index]
            for row in 0..<rows {
                let at = column + row * program.inputWidth
                switch type {
                case .float:
                    let out: Numbers<Float> = self.row(operand, row)
                    for i in 0..<width { out[i] = Float(values[at + i]) }
                case .double:
                    let out: Numbers<Double> = self.row(operand, row)
                    for i in 0..<width { out[i] = Double(values[at + i]) }
                default:
                    let out: Numbers<Int64> = self.row(operand, row)
                    for i in 0..<width {
                        if let whole = Int64(exactly: values[at + i]) {
                            out[i] = whole
                        } else {
                            out[i] = 0
                            refuse(row: row)
                        }
                    }
                }
            }
            column += width
        }
    }

    fileprivate func give<Number: BinaryFloatingPoint & BitwiseCopyable>(
        _ results: inout MutableSpan<Number>, from start: Int, _ program: GraphProgram
    ) {
        let all = program.outputWidth
        var column = start
        for index in program.outputs.indices {
            let width = program.outputs[index].width
            let (type, operand) = program.outputPlaces[index]
            for row in 0..<rows {
                let at = column + row * all
                let isRefused = unsafe faults[row]
                for i in 0..<width {
                    switch type {
                    case _ where isRefused: results[at + i] = .nan
                    case .float: results[at + i] = Number(self.row(operand, row, as: Float.self)[i])
                    case .double: results[at + i] = Number(self.row(operand, row, as: Double.self)[i])
                    default: results[at + i] = Number(self.row(operand, row, as: Int64.self)[i])
                    }
                }
            }
            column += width
        }
    }
}
