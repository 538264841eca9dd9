// A forecast as bytes, so that a node that starts knows the weeks before. Accepted whole or not at all.
internal import Units

extension Forecast {
    private static let magic: UInt64 = 0x5453_4143_4552_4F46  // "FORECAST"
    private static let version: UInt64 = 1
    /// Magic, version, regions, inventories.
    private static let headBytes = 32
    /// A cell's level and spread, and its three counters.
    private static let cellBytes = 24

    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        func put(_ number: UInt64) {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        put(Self.magic)
        put(Self.version)
        put(UInt64(regions))
        put(UInt64(inventories))
        for cell in cells {
            put(cell.level.bitPattern)
            put(cell.spread.bitPattern)
            put(UInt64(cell.weeks) | UInt64(cell.holes) << 16 | UInt64(UInt8(bitPattern: cell.strays)) << 24)
        }
        for one in drift { put(one.bitPattern) }
        put(UInt64(CRC32C.checksum(of: bytes.span.raw)))
        return bytes
    }

    /// Nil for bytes that are no forecast of so many regions and inventories, or were damaged.
    public init?(_ bytes: RawSpan, regions: Int, inventories: Int) {
        let count = regions * inventories * HourOfWeek.count
        let length = Self.headBytes + count * Self.cellBytes + regions * 8
        func number(_ offset: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes.byte($1 + offset)) << UInt64(8 * $1) }
        }
        guard bytes.byteCount == length + 8, number(0) == Self.magic, number(8) == Self.version,
            number(16) == UInt64(regions), number(24) == UInt64(inventories),
            number(length) == UInt64(CRC32C.checksum(of: bytes.extracting(0..<length)))
        else { return nil }
        self.init(regions: regions, inventories: inventories)
        for place in 0..<count {
            let offset = Self.headBytes + place * Self.cellBytes
            let (level, spread) = (
                Double(bitPattern: number(offset)), Double(bitPattern: number(offset + 8))
            )
            // Requests of an hour, as a logarithm: more than 2^63 are none.
            guard level >= 0, level < 44, spread >= 0, spread.isFinite else { return nil }
            let counters = number(offset + 16)
            cells[place].level = level
            cells[place].spread = spread
            cells[place].weeks = UInt16(truncatingIfNeeded: counters)
            cells[place].holes = UInt8(truncatingIfNeeded: counters >> 16)
            cells[place].strays = Int8(truncatingIfNeeded: counters >> 24)
        }
        for region in 0..<regions {
            let one = Double(bitPattern: number(length - 8 * (regions - region)))
            guard one.isFinite, abs(one) < 44 else { return nil }
            drift[region] = one
        }
    }
}
