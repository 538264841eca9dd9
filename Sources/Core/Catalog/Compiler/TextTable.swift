// Texts under numbers, each text once: what a compiler looks up millions of times. A text's number is the order in
// which it came first; what is written in the order of the bytes is renumbered at the end.
import Units

/// Distinct texts of some kinds, numbered as they come.
@safe struct TextTable: ~Copyable {
    @unsafe private struct Entry {
        var start: UnsafeRawPointer
        var length: UInt32
        /// The kind lowest.
        var hash: UInt64
    }

    private var entries: [Entry] = unsafe []
    /// A power of two, of which at most half are taken; `Layout.none` is an empty one.
    private var slots = [UInt32](repeating: Layout.none, count: 16)
    private(set) var byteCount = 0

    init() {}

    deinit { for index in unsafe entries.indices { unsafe entries[index].start.deallocate() } }

    var count: Int { unsafe entries.count }

    /// The number of a text, which is a new one where it was not there among those of its kind.
    mutating func number(_ text: String, kind: UInt8 = 0) -> UInt32 {
        let bytes = text.utf8Span.span.raw
        let hash = Self.hash(bytes, kind)
        let slot = slot(of: bytes, hash)
        if slots[slot] != Layout.none { return slots[slot] }
        precondition(count < Layout.mostRows, "more texts than a catalog has room for")
        let number = UInt32(count)
        slots[slot] = number
        unsafe entries.append(
            Entry(start: Self.copy(bytes), length: UInt32(bytes.byteCount), hash: hash))
        byteCount += bytes.byteCount
        if 2 * count > slots.count { grow() }
        return number
    }

    /// Of a text that may not be there.
    mutating func number(_ text: String?) -> UInt32 { text.map { number($0) } ?? Layout.none }

    /// Nil where the text is not there.
    func find(_ text: String, kind: UInt8 = 0) -> UInt32? {
        let bytes = text.utf8Span.span.raw
        let number = slots[slot(of: bytes, Self.hash(bytes, kind))]
        return number == Layout.none ? nil : number
    }

    subscript(_ number: UInt32) -> String {
        unsafe String(decoding: bytes(of: number), as: UTF8.self)
    }

    @unsafe func bytes(of number: UInt32) -> UnsafeRawBufferPointer {
        let entry = unsafe entries[Int(number)]
        return unsafe UnsafeRawBufferPointer(start: entry.start, count: Int(entry.length))
    }

    /// All numbers in the order of their bytes.
    func sorted() -> [UInt32] {
        var order = [UInt32](0..<UInt32(count))
        order.sort { precedes($0, $1) }
        return order
    }

    /// Whether the one's bytes come before the other's.
    func precedes(_ a: UInt32, _ b: UInt32) -> Bool {
        let (one, other) = unsafe (entries[Int(a)], entries[Int(b)])
        let both = unsafe Int(min(one.length, other.length))
        var at = 0
        while at + 8 <= both {
            let left = unsafe one.start.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let right = unsafe other.start.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            if left != right { return left.bigEndian < right.bigEndian }
            at += 8
        }
        while at < both {
            let left = unsafe one.start.load(fromByteOffset: at, as: UInt8.self)
            let right = unsafe other.start.load(fromByteOffset: at, as: UInt8.self)
            if left != right { return left < right }
            at += 1
        }
        return unsafe one.length < other.length
    }

    func kind(of number: UInt32) -> UInt8 { unsafe UInt8(truncatingIfNeeded: entries[Int(number)].hash) }

    /// Each text lies by itself: where who made the texts lets go of his own, the next ones take their room.
    private static func copy(_ text: RawSpan) -> UnsafeRawPointer {
        let place = UnsafeMutableRawPointer.allocate(byteCount: text.byteCount, alignment: 1)
        unsafe text.withUnsafeBytes { bytes in
            if let from = bytes.baseAddress { unsafe place.copyMemory(from: from, byteCount: bytes.count) }
        }
        return UnsafeRawPointer(place)
    }

    /// The slot in which a text is, or the empty one in which it would be.
    private func slot(of text: RawSpan, _ hash: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Self.slot(hash, mask)
        while slots[slot] != Layout.none {
            let entry = unsafe entries[Int(slots[slot])]
            if unsafe entry.hash == hash && Int(entry.length) == text.byteCount,
                unsafe text.equals(entry.start)
            {
                break
            }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private mutating func grow() {
        let mask = 2 * slots.count - 1
        slots = [UInt32](repeating: Layout.none, count: mask + 1)
        for number in 0..<count {
            var slot = unsafe Self.slot(entries[number].hash, mask)
            while slots[slot] != Layout.none { slot = (slot + 1) & mask }
            slots[slot] = UInt32(number)
        }
    }

    private static func slot(_ hash: UInt64, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: hash >> 8) & mask
    }

    /// Eight bytes at a time. Who writes a catalog could make texts collide, and would slow his own compiler down.
    private static func hash(_ text: RawSpan, _ kind: UInt8) -> UInt64 {
        var state = 0x9E37_79B9_7F4A_7C15 ^ UInt64(text.byteCount) ^ UInt64(kind) << 56
        var at = 0
        while at + 8 <= text.byteCount {
            let next = unsafe text.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
            state = mixed(state ^ next)
            at += 8
        }
        var rest: UInt64 = 0
        while at < text.byteCount {
            rest = rest << 8 | UInt64(text.byte(at))
            at += 1
        }
        return mixed(state ^ rest) & ~0xFF | UInt64(kind)
    }

    @inline(__always)
    private static func mixed(_ state: UInt64) -> UInt64 {
        let product = state.multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
        return product.high ^ product.low
    }
}

extension RawSpan {
    /// Whether as many bytes stand there.
    fileprivate func equals(_ other: UnsafeRawPointer) -> Bool {
        var at = 0
        while at + 8 <= byteCount {
            let own = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
            if unsafe own != other.loadUnaligned(fromByteOffset: at, as: UInt64.self) { return false }
            at += 8
        }
        while at < byteCount {
            if unsafe byte(at) != other.load(fromByteOffset: at, as: UInt8.self) { return false }
            at += 1
        }
        return true
    }
}
