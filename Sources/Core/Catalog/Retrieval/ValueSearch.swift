// Finds the number of a value that a request carries, by its bytes, without copying them.

extension CatalogSnapshot {
    /// Nil where nothing in the catalog asks for the value.
    func value(_ dimension: Dimension, _ text: RawSpan) -> UInt32? {
        let fold: UInt8 = dimension.ignoresCase ? 0x20 : 0
        var hash = ValueHash(dimension)
        for at in 0..<text.byteCount { hash.add(folded(text, at, fold)) }
        var probe = ValueProbe(hash, in: self)
        while let value = probe.next(of: dimension, length: text.byteCount, in: self) {
            if matches(text, value, 0, fold) { return value }
        }
        return nil
    }

    /// The same for a value of two parts.
    func value(_ dimension: Dimension, _ first: RawSpan, _ second: RawSpan) -> UInt32? {
        let fold: UInt8 = dimension.ignoresCase ? 0x20 : 0
        let joint = dimension == .custom ? UInt8(ascii: "=") : UInt8(ascii: "/")
        var hash = ValueHash(dimension)
        for at in 0..<first.byteCount { hash.add(folded(first, at, fold)) }
        hash.add(joint)
        for at in 0..<second.byteCount { hash.add(folded(second, at, fold)) }
        let middle = first.byteCount
        var probe = ValueProbe(hash, in: self)
        while let value = probe.next(of: dimension, length: middle + 1 + second.byteCount, in: self) {
            if matches(first, value, 0, fold), unsafe name(of: value)[middle] == joint,
                matches(second, value, middle + 1, fold)
            {
                return value
            }
        }
        return nil
    }

    private func name(of value: UInt32) -> UnsafeRawBufferPointer {
        unsafe text(pointer(.valueName, UInt32.self)[Int(value)])
    }

    /// Whether a part of a value's name is this text.
    private func matches(_ text: RawSpan, _ value: UInt32, _ start: Int, _ fold: UInt8) -> Bool {
        let name = unsafe name(of: value)
        for at in 0..<text.byteCount where unsafe name[start + at] != folded(text, at, fold) { return false }
        return true
    }
}

/// A walk over the slots that a value of one hash may be in. It ends at an empty one, which there always is.
private struct ValueProbe {
    private var slot: Int

    init(_ hash: ValueHash, in snapshot: CatalogSnapshot) {
        slot = hash.slot(of: snapshot.count(.valueSlots))
    }

    /// The next value of this dimension whose name is so long.
    mutating func next(of dimension: Dimension, length: Int, in snapshot: CatalogSnapshot) -> UInt32? {
        let slots = unsafe snapshot.pointer(.valueSlot, UInt32.self)
        let mask = snapshot.count(.valueSlots) - 1
        while true {
            let value = unsafe slots[slot]
            if value == Layout.none { return nil }
            slot = (slot + 1) & mask
            let name = unsafe snapshot.pointer(.valueName, UInt32.self)[Int(value)]
            if unsafe snapshot.pointer(.valueDimension, UInt8.self)[Int(value)] == dimension.rawValue,
                snapshot.range(.stringStart, Int(name)).count == length
            {
                return value
            }
        }
    }
}

/// A byte in lower case, where that is asked for.
@inline(__always)
private func folded(_ text: RawSpan, _ at: Int, _ fold: UInt8) -> UInt8 {
    let byte = unsafe text.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
    return byte &- 0x41 < 26 ? byte | fold : byte
}
