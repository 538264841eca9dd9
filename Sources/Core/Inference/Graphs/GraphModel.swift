// Graphs among the other kinds of models. Compiled, one is the head of all models and the ONNX file as it
// was: what follows from it is worked out anew where it is loaded, and so checked anew.
import Units

/// An ONNX model that was read, with the program that it makes.
public struct GraphModel: Equatable, Sendable {
    public let bytes: [UInt8]
    public let program: GraphProgram

    public static func == (left: GraphModel, right: GraphModel) -> Bool { left.bytes == right.bytes }

    /// Whether these are the first bytes of an ONNX file: the number of its format's version, as every writer
    /// begins.
    static func recognises(_ bytes: [UInt8]) -> Bool { bytes.first == 0x08 }

    public init(reading bytes: [UInt8]) throws(ModelRefused) {
        program = try GraphProgram.read(bytes)
        self.bytes = bytes
        guard program.inputWidth <= EnsembleLimits.features, program.outputWidth <= EnsembleLimits.outputs
        else {
            throw ModelRefused(
                "graph", found: "\(program.inputWidth) inputs and \(program.outputWidth) outputs",
                allowed: "up to \(EnsembleLimits.features) and \(EnsembleLimits.outputs)")
        }
    }

    private static let fileSection = ModelHead.sections

    func compile() -> [UInt8] {
        var writer = CompiledWriter(.graph)
        head.write(to: &writer)
        writer.add(bytes)
        return writer.finish()
    }

    private var head: ModelHead {
        // A feature is called by its input, with its place where that has more than one.
        let names = program.inputs.flatMap { input in
            input.width == 1 ? [input.name] : (0..<input.width).map { "\(input.name)[\($0)]" }
        }
        return ModelHead(
            format: .onnx, featureCount: program.inputWidth, outputCount: program.outputWidth,
            transform: .identity,
            featureNames: names)
    }

    init(_ file: CompiledFile, _ head: ModelHead) throws(CompiledRefused) {
        guard file.sectionCount == Self.fileSection + 1 else {
            throw file.refused("\(file.sectionCount) sections")
        }
        let bytes = unsafe [UInt8](file.numbers(Self.fileSection, UInt8.self))
        do { try self.init(reading: bytes) } catch { throw file.refused("\(error)") }
        guard self.head == head else { throw file.refused("a head of another graph") }
    }
}

/// What a scratch keeps for a graph.
final class GraphRoom {
    private var workspace: GraphWorkspace
    /// Rows with the request's values in the places of the shared features.
    private var whole: [Double]

    init(_ program: GraphProgram, isShared: [Bool]) {
        workspace = GraphWorkspace(for: program)
        whole =
            isShared.contains(true)
            ? [Double](repeating: 0, count: ModelScratch.chunk * program.inputWidth) : []
    }

    @_lifetime(scores: copy scores)
    func score<Value: RowValue>(
        _ program: GraphProgram, _ rows: Span<Value>, into scores: inout MutableSpan<Double>
    ) {
        workspace.runAny(program, rows: rows, results: &scores)
    }

    @_lifetime(scores: copy scores)
    func score<Value: RowValue>(
        _ program: GraphProgram, _ rows: Span<Value>, isShared: [Bool], _ request: Span<Double>,
        into scores: inout MutableSpan<Double>
    ) {
        let width = program.inputWidth
        for place in rows.indices {
            let feature = place % width
            whole[place] = isShared[feature] ? request[feature] : Double(rows[place])
        }
        let filled = whole
        let span = filled.span
        workspace.runAny(program, rows: span.extracting(0..<rows.count), results: &scores)
    }
}
