// A query's own way from a value's bytes to its number: the table of the snapshot again, with what a comparison asks in the
// slot itself. There a value that is known costs five lines of memory, one after the other; here it costs two.
internal import Units

/// Made once from a snapshot: sixteen bytes for each slot.
@safe struct ValueIndex: ~Copyable, @unchecked Sendable {
    private struct Slot {
        /// Other bits of the hash than those that choose the slot.
        var print: UInt32 = 0
        var value = Layout.none
        /// Where the name lies among the texts.
        var start: UInt32 = 0
        /// The dimension's number above, the name's length below.
        var form: UInt32 = 0
    }

    private static let lengthBits: UInt32 = 24

    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int
    private let texts: UnsafeRawPointer
    /// A value of two parts, joined as catalogs write it; there is none that is longer.
    private let joined: UnsafeMutableRawPointer
    private let joinedMost: Int

    init(_ snapshot: CatalogSnapshot) {
        let count = snapshot.count(.valueSlots)
        mask = count - 1
        unsafe slots = .allocate(capacity: count)
        unsafe slots.initialize(repeating: Slot(), count: count)
        unsafe texts = snapshot.base + snapshot.start(.stringByte)
        var longest = 0
        for value in 0..<snapshot.count(.values) {
            let number = unsafe snapshot.pointer(.valueName, UInt32.self)[value]
            let range = snapshot.list(.stringStart, .strings, Int(number))
            // No request is as long: such a value is never found.
            guard range.count < 1 << Self.lengthBits else { continue }
            longest = max(longest, range.count)
            let dimension = unsafe snapshot.pointer(.valueDimension, UInt8.self)[value]
            let name = unsafe RawSpan(_unsafeStart: texts + range.lowerBound, byteCount: range.count)
            let hash = Self.hash(dimension, name, ignoresCase: false)
            var at = Int(truncatingIfNeeded: hash) & mask
            while unsafe slots[at].value != Layout.none { at = (at + 1) & mask }
            unsafe slots[at] = Slot(
                print: UInt32(truncatingIfNeeded: hash >> 32), value: UInt32(value),
                start: UInt32(range.lowerBound),
                form: UInt32(dimension) << Self.lengthBits | UInt32(range.count))
        }
        joinedMost = longest
        unsafe joined = .allocate(byteCount: longest + 1, alignment: 8)
    }

    deinit {
        unsafe slots.deallocate()
        unsafe joined.deallocate()
    }

    /// Nil where nothing in the catalog asks for the value.
    func find(_ dimension: Dimension, _ text: RawSpan) -> UInt32? {
        let ignoresCase = dimension.ignoresCase
        let hash = Self.hash(dimension.rawValue, text, ignoresCase: ignoresCase)
        let print = UInt32(truncatingIfNeeded: hash &>> 32)
        guard text.byteCount < 1 << Self.lengthBits else { return nil }
        let form = UInt32(dimension.rawValue) << Self.lengthBits | UInt32(truncatingIfNeeded: text.byteCount)
        var at = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = unsafe slots[at]
            if slot.value == Layout.none { return nil }
            if slot.print == print, slot.form == form {
                let name = unsafe RawSpan(
                    _unsafeStart: texts + Int(truncatingIfNeeded: slot.start), byteCount: text.byteCount)
                if ignoresCase ? text.isSame(name) : text.isEqual(to: name) { return slot.value }
            }
            at = (at &+ 1) & mask
        }
    }

    /// The same for a value of two parts.
    func find(_ dimension: Dimension, _ first: RawSpan, _ second: RawSpan) -> UInt32? {
        let length = first.byteCount + 1 + second.byteCount
        guard length <= joinedMost else { return nil }
        put(first, at: 0)
        let joint = dimension == .custom ? UInt8(ascii: "=") : UInt8(ascii: "/")
        unsafe joined.storeBytes(of: joint, toByteOffset: first.byteCount, as: UInt8.self)
        put(second, at: first.byteCount + 1)
        return unsafe find(dimension, RawSpan(_unsafeStart: joined, byteCount: length))
    }

    private func put(_ part: RawSpan, at offset: Int) {
        unsafe part.withUnsafeBytes { bytes in
            guard let from = bytes.baseAddress else { return }
            unsafe (joined + offset).copyMemory(from: from, byteCount: bytes.count)
        }
    }

    /// Eight bytes at a time, the last ones of a longer text once more: lengths differ from value to value, and a loop over
    /// bytes ends where nobody foresees it. Only whoever writes the catalog could choose values of one hash.
    @inline(__always)
    private static func hash(_ dimension: UInt8, _ text: RawSpan, ignoresCase: Bool) -> UInt64 {
        let count = text.byteCount
        var state = UInt64(truncatingIfNeeded: count) &<< 8 | UInt64(dimension)
        var at = 0
        while at &+ 8 < count {
            state = mixed(state, ignoresCase ? text.word(uncheckedAt: at).lower : text.word(uncheckedAt: at))
            at &+= 8
        }
        let last = count < 8 ? text.short : text.word(uncheckedAt: count &- 8)
        return mixed(state, ignoresCase ? last.lower : last)
    }

    /// Both halves of the product: the lower one alone knows little of a word's last bytes, and values of a dimension often
    /// differ in these only, as postal codes of one country do.
    @inline(__always)
    private static func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    /// How many slots a search for what is not here looks at in the mean, the free one that ends it among them.
    var meanSearch: Double {
        var (run, sum) = (0, 0)
        // From the back and twice around, as a run may go over the end.
        for at in (0..<2 * (mask + 1)).reversed() {
            run = unsafe slots[at & mask].value == Layout.none ? 1 : run + 1
            if at <= mask { sum += run }
        }
        return Double(sum) / Double(mask + 1)
    }
}
