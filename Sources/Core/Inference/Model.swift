// A model that scores rows, whatever kind it is: compiled, validated and kept where it lies.

public struct Model: Sendable {
    enum Body: Sendable {
        case trees(TreesView)
        case linear(CompiledLinear)
        case graph(GraphProgram)
    }

    public let head: ModelHead
    public let kind: ModelKind
    let body: Body
    private let file: CompiledFile

    /// Accepts compiled bytes whole, or says why not. They must stay where they are, unchanged, as long as
    /// `keeper` lives, and start at a multiple of 64 bytes, as mapped files do.
    public init(
        validating bytes: UnsafeRawBufferPointer, keptBy keeper: (any AnyObject & Sendable)?
    ) throws(CompiledRefused) {
        file = try unsafe CompiledFile(validating: bytes, keptBy: keeper)
        head = try ModelHead(file)
        kind = file.kind
        switch file.kind {
        case .trees: body = .trees(try TreesView(file, head))
        case .linear: body = .linear(try CompiledLinear(file, head))
        case .graph: body = .graph(try GraphModel(file, head).program)
        case .calibrator:
            throw CompiledRefused(reason: .kind(file.kind.rawValue), byteCount: file.byteCount)
        }
    }

    /// The same of a copy of the bytes, which the model keeps.
    public init(copying bytes: [UInt8]) throws(CompiledRefused) {
        let block = CompiledBlock(bytes)
        try unsafe self.init(validating: block.contents, keptBy: block)
    }

    /// Whether these are the first bytes of a compiled model.
    public static func isCompiled(_ bytes: [UInt8]) -> Bool { CompiledFile.recognises(bytes) }

    public var featureCount: Int { head.featureCount }
    public var outputCount: Int { head.outputCount }
    public var byteCount: Int { file.byteCount }

    /// What file names and people call it by: its checksum and its length.
    public var version: ModelVersion { ModelVersion(rawValue: file.identity) }
}

/// Two models that differ have the same one in one case of four billion, and only where they are of one
/// length; a store that keeps both compares them.
public struct ModelVersion: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Sixteen digits of hexadecimal.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
