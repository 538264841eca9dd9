// What must hold of the reader of ONNX files for any bytes.
import Inference

public enum GraphInvariants {
    /// What is broken, or nil.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        let bytes = Array(input)
        let program: GraphProgram
        do {
            program = try GraphProgram.read(bytes)
        } catch {
            let text = "\(error)"
            return text.contains("\n") || text.count < 10 ? "a reason of no or several lines: \(text)" : nil
        }
        guard program.inputWidth > 0, program.outputWidth > 0 else {
            return "a program without inputs or outputs"
        }
        // What a few bytes can ask for, by shapes alone, is more than a run has time for.
        guard program.inputWidth * program.stepCount < 1 << 16, program.outputWidth < 1 << 16 else {
            return nil
        }
        var workspace = GraphWorkspace(for: program)
        let rows = (0..<67 * program.inputWidth).map { Float($0 % 7) - 1.5 }
        let all = run(program, &workspace, rows)
        // Rows know nothing of one another, nor of what the workspace did before.
        for row in [0, 33, 66] {
            let one = run(
                program, &workspace, Array(rows[row * program.inputWidth..<(row + 1) * program.inputWidth]))
            let expected = all[row * program.outputWidth..<(row + 1) * program.outputWidth]
            guard
                one.elementsEqual(expected, by: { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) })
            else {
                return "row \(row) is \(one) alone and \(Array(expected)) among others"
            }
        }
        return nil
    }

    private static func run(_ program: GraphProgram, _ workspace: inout GraphWorkspace, _ rows: [Float])
        -> [Float]
    {
        var results = [Float](repeating: 0, count: rows.count / program.inputWidth * program.outputWidth)
        var span = results.mutableSpan
        workspace.run(program, rows: rows.span, results: &span)
        return results
    }
}
