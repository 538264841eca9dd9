// Lays out the sections of a compiled model. The same sections give the same bytes.
import Units

struct CompiledWriter {
    private let kind: ModelKind
    private var sections: [[UInt8]] = []

    init(_ kind: ModelKind) { self.kind = kind }

    /// Sections are numbered as they come.
    mutating func add<Number: FixedWidthInteger>(_ numbers: [Number]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * MemoryLayout<Number>.size)
        for number in numbers {
            for index in 0..<MemoryLayout<Number>.size {
                bytes.append(UInt8(truncatingIfNeeded: number >> Number(8 * index)))
            }
        }
        sections.append(bytes)
    }

    mutating func add(_ bytes: [UInt8]) { sections.append(bytes) }
    mutating func add(_ numbers: [Double]) { add(numbers.map(\.bitPattern)) }
    mutating func add(_ numbers: [Float]) { add(numbers.map(\.bitPattern)) }

    func finish() -> [UInt8] {
        func aligned(_ offset: Int) -> Int {
            (offset + CompiledFile.alignment - 1) / CompiledFile.alignment * CompiledFile.alignment
        }
        var starts: [Int] = []
        var end = aligned(CompiledFile.headerBytes + 16 * sections.count)
        for section in sections {
            starts.append(end)
            end = aligned(end + section.count)
        }
        var bytes = [UInt8](repeating: 0, count: end)
        func store<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
            for index in 0..<MemoryLayout<Number>.size {
                bytes[offset + index] = UInt8(truncatingIfNeeded: number >> Number(8 * index))
            }
        }
        store(CompiledFile.magic, at: 0)
        store(CompiledFile.version, at: 8)
        store(UInt64(end), at: 16)
        store(kind.rawValue, at: 24)
        store(UInt32(sections.count), at: 28)
        for (index, section) in sections.enumerated() {
            store(UInt64(starts[index]), at: CompiledFile.headerBytes + 16 * index)
            store(UInt64(section.count), at: CompiledFile.headerBytes + 16 * index + 8)
            bytes.replaceSubrange(starts[index]..<starts[index] + section.count, with: section)
        }
        store(CRC32C.checksum(of: bytes.span.raw.extracting(16..<end)), at: 12)
        return bytes
    }
}
