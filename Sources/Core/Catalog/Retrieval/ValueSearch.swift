// Finds the number of a value by its bytes, without copying them: for whoever asks rarely. Requests go by `ValueIndex`.
import Units

extension CatalogSnapshot {
    /// Nil where nothing in the catalog asks for the value.
    func value(_ dimension: Dimension, _ text: RawSpan) -> UInt32? {
        let ignoresCase = dimension.ignoresCase
        var hash = ValueHash(dimension)
        hash.add(text, ignoresCase: ignoresCase)
        var probe = ValueProbe(hash, in: self)
        while let (value, name) = probe.next(of: dimension, in: self) {
            if ignoresCase ? text.isSame(name) : text.isEqual(to: name) { return value }
        }
        return nil
    }
}

/// A walk over the slots that a value of one hash may be in. It ends at an empty one, which there always is.
private struct ValueProbe {
    private var slot: Int

    init(_ hash: ValueHash, in snapshot: borrowing CatalogSnapshot) {
        slot = hash.slot(of: snapshot.count(.valueSlots))
    }

    /// The next value of this dimension, with its name.
    @inline(__always)
    @_lifetime(borrow snapshot)
    mutating func next(
        of dimension: Dimension, in snapshot: borrowing CatalogSnapshot
    ) -> (value: UInt32, name: RawSpan)? {
        let slots = unsafe snapshot.pointer(.valueSlot, UInt32.self)
        let mask = snapshot.count(.valueSlots) - 1
        while true {
            let value = unsafe slots[slot]
            if value == Layout.none { return nil }
            slot = (slot + 1) & mask
            guard unsafe snapshot.pointer(.valueDimension, UInt8.self)[Int(value)] == dimension.rawValue
            else { continue }
            let name = unsafe CatalogText(number: snapshot.pointer(.valueName, UInt32.self)[Int(value)])
            return (value, snapshot.bytes(name))
        }
    }
}
