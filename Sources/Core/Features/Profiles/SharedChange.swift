// A change as nodes are told of it through a stream that they share: 64 bytes that every version of a node understands or
// passes over.
//
//     0  the schema, 8 bytes     24 the key, 8          48 when it was so, 4   58 whose it is, 1
//     8  who wrote it, 8         32 value or amount, 8  52 when it was told, 4 59 whether it happened, 1
//     16 his entries so far, 8   40 with what, 8        56 column or event, 2  60 nothing yet, 4
public import Units

public struct SharedChange: Equatable, Sendable {
    public static let byteCount = 64

    /// The first bytes of the schema's fingerprint: numbers of columns mean nothing without it.
    public var schema: UInt64
    /// One start of one program.
    public var writer: UInt64
    /// Grows by one with each of the writer's entries: what was sent twice is taken once.
    public var sequence: UInt64
    public var told: UInt32
    public var change: ProfileChange

    public init(schema: UInt64, writer: UInt64, sequence: UInt64, told: UInt32, change: ProfileChange) {
        (self.schema, self.writer, self.sequence) = (schema, writer, sequence)
        (self.told, self.change) = (told, change)
    }

    /// Nil where it is none: another length, nobody's key, or of no kind of thing.
    public init?(_ entry: RawSpan) {
        guard entry.byteCount == Self.byteCount else { return nil }
        func load<Number: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: Number.Type) -> Number {
            Number(littleEndian: unsafe entry.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
        }
        schema = load(0, UInt64.self)
        writer = load(8, UInt64.self)
        sequence = load(16, UInt64.self)
        told = load(52, UInt32.self)
        change = ProfileChange(
            key: load(24, UInt64.self), seconds: load(48, UInt32.self), number: load(56, UInt16.self),
            entityNumber: load(58, UInt8.self), isEvent: load(59, UInt8.self),
            amount: Int64(bitPattern: load(32, UInt64.self)), item: load(40, UInt64.self))
        guard change.key != 0, change.isEvent <= 1, change.entity?.isStored == true else { return nil }
    }

    @_lifetime(writer: copy writer)
    public func write(to writer: inout ByteWriter) {
        for word in [
            schema, self.writer, sequence, change.key, UInt64(bitPattern: change.amount), change.item,
        ] {
            writer.put(bytesOf: word.littleEndian)
        }
        writer.put(bytesOf: change.seconds.littleEndian)
        writer.put(bytesOf: told.littleEndian)
        writer.put(bytesOf: change.number.littleEndian)
        writer.put(change.entityNumber)
        writer.put(change.isEvent)
        writer.put(bytesOf: UInt32(0))
    }
}
