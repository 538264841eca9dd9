// A compiled model in memory, of whatever kind: validated whole when it is loaded, then read with plain loads
// where it lies. The bytes may be a mapped file or a block of memory: this only keeps alive whoever has them.
//
//     0   magic, 8 bytes            24  the kind of model, 32 bits
//     8   version, 32 bits          28  how many sections there are, 32 bits
//     12  CRC-32C of all from 16    32  nothing, to 64
//     16  length in bytes, 64 bits  64  for each section its start and its length in bytes, 64 bits each; then the sections
//
// Numbers are little-endian; a section starts at a multiple of 64 bytes, so that vectors load whole lines.
import Units

/// What a compiled model does.
public enum ModelKind: UInt32, Sendable {
    case trees = 1, linear, graph, calibrator
}

/// Why bytes are no compiled model that this version can use.
public struct CompiledRefused: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        case tooShort, notAModel, misaligned, newer(UInt32), older(UInt32), kind(UInt32)
        case truncated(expected: UInt64)
        case trailing(expected: UInt64)
        case wrongChecksum(found: UInt32, expected: UInt32)
        /// The checksum is right and the contents are not: whoever wrote it has a mistake, or means ill.
        case inconsistent(String)
    }

    public let reason: Reason
    public let byteCount: Int

    public var description: String {
        switch reason {
        case .tooShort: "found \(byteCount) bytes; a compiled model has at least \(CompiledFile.headerBytes)"
        case .notAModel: "found another kind of file; a compiled model starts with PACEMDL"
        case .misaligned: "found bytes that do not start at a multiple of \(CompiledFile.alignment)"
        case .newer(let version):
            "found format version \(version), which is newer; this program reads version \(CompiledFile.version): "
                + "compile the model with this program, or take a newer program"
        case .older(let version):
            "found format version \(version), which is older; this program reads version \(CompiledFile.version): "
                + "compile the model again"
        case .kind(let kind):
            "found a model of kind \(kind), which this program does not know: compile the model with this program"
        case .truncated(let expected):
            "found \(byteCount) bytes of the \(expected) that it says it has: it was cut off"
        case .trailing(let expected):
            "found \(byteCount) bytes, more than the \(expected) that it says it has"
        case .wrongChecksum(let found, let expected):
            "found the checksum \(String(found, radix: 16)) where it says \(String(expected, radix: 16)): "
                + "it was damaged; compile or copy it again"
        case .inconsistent(let what): "found contents that cannot be: \(what); compile it again"
        }
    }
}

@safe struct CompiledFile: @unchecked Sendable {
    /// "PACEMDL" and a byte that text conversions destroy.
    static let magic: UInt64 = 0x8A4C_444D_4543_4150
    static let version: UInt32 = 1
    static let headerBytes = 64
    static let alignment = 64
    private static let checkedFrom = 16
    /// More than any kind has.
    private static let mostSections: UInt32 = 256

    let base: UnsafeRawPointer
    let byteCount: Int
    let kind: ModelKind
    let sectionCount: Int
    private let keeper: (any AnyObject & Sendable)?

    /// Whether these are the first bytes of a compiled model.
    static func recognises(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 8
            && (0..<8).allSatisfy { bytes[$0] == UInt8(truncatingIfNeeded: magic >> UInt64(8 * $0)) }
    }

    /// Accepts the bytes whole, or says why not. They must stay where they are, unchanged, as long as
    /// `keeper` lives, and start at a multiple of 64 bytes, as mapped files do.
    init(
        validating bytes: UnsafeRawBufferPointer, keptBy keeper: (any AnyObject & Sendable)?
    ) throws(CompiledRefused) {
        func refused(_ reason: CompiledRefused.Reason) -> CompiledRefused {
            CompiledRefused(reason: reason, byteCount: bytes.count)
        }
        guard let start = bytes.baseAddress, bytes.count >= Self.headerBytes else { throw refused(.tooShort) }
        guard UInt(bitPattern: start) % UInt(Self.alignment) == 0 else { throw refused(.misaligned) }
        func load<Number: BitwiseCopyable>(_ offset: Int, _ type: Number.Type) -> Number {
            unsafe start.load(fromByteOffset: offset, as: Number.self)
        }
        guard load(0, UInt64.self) == Self.magic else { throw refused(.notAModel) }
        let version = load(8, UInt32.self)
        if version > Self.version { throw refused(.newer(version)) }
        if version < Self.version { throw refused(.older(version)) }
        let expected = load(16, UInt64.self)
        if expected > UInt64(bytes.count) { throw refused(.truncated(expected: expected)) }
        if expected < UInt64(bytes.count) { throw refused(.trailing(expected: expected)) }
        let checked = unsafe RawSpan(
            _unsafeStart: start + Self.checkedFrom, byteCount: bytes.count - Self.checkedFrom)
        let checksum = CRC32C.checksum(of: checked)
        guard checksum == load(12, UInt32.self) else {
            throw refused(.wrongChecksum(found: checksum, expected: load(12, UInt32.self)))
        }
        guard let kind = ModelKind(rawValue: load(24, UInt32.self)) else {
            throw refused(.kind(load(24, UInt32.self)))
        }
        let sections = load(28, UInt32.self)
        guard sections <= Self.mostSections, Self.headerBytes + 16 * Int(sections) <= bytes.count else {
            throw refused(.inconsistent("\(sections) sections"))
        }
        for section in 0..<Int(sections) {
            let from = load(Self.headerBytes + 16 * section, UInt64.self)
            let (end, overflow) = from.addingReportingOverflow(
                load(Self.headerBytes + 16 * section + 8, UInt64.self))
            guard !overflow, end <= UInt64(bytes.count), from % UInt64(Self.alignment) == 0 else {
                throw refused(.inconsistent("section \(section) lies outside"))
            }
        }
        unsafe base = start
        byteCount = bytes.count
        self.kind = kind
        sectionCount = Int(sections)
        self.keeper = keeper
    }

    func refused(_ what: String) -> CompiledRefused {
        .init(reason: .inconsistent(what), byteCount: byteCount)
    }

    /// The numbers of a section. The model keeps them alive, so they are used only while it is held.
    func numbers<Number: BitwiseCopyable>(_ section: Int, _ type: Number.Type) -> UnsafeBufferPointer<Number>
    {
        precondition(section < sectionCount, "there is no section \(section)")
        let entry = unsafe base + Self.headerBytes + 16 * section
        let start = unsafe Int(entry.load(as: UInt64.self))
        let length = unsafe Int(entry.load(fromByteOffset: 8, as: UInt64.self))
        return unsafe UnsafeBufferPointer(
            start: (base + start).assumingMemoryBound(to: Number.self),
            count: length / MemoryLayout<Number>.stride)
    }

    /// The checksum, and below it the length: what a store calls the model by.
    var identity: UInt64 {
        unsafe UInt64(base.load(fromByteOffset: 12, as: UInt32.self)) << 32
            | UInt64(UInt32(truncatingIfNeeded: byteCount))
    }
}

/// A block of memory with a model, for whoever has no file to map.
@safe final class CompiledBlock: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(_ contents: [UInt8]) {
        unsafe bytes = .allocate(byteCount: max(contents.count, 1), alignment: CompiledFile.alignment)
        unsafe bytes.copyBytes(from: contents)
    }

    var contents: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(bytes) }

    deinit { unsafe bytes.deallocate() }
}
