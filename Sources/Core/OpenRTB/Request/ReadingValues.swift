// How single values and plain lists of a request are read, each with what is allowed in its place.
internal import JSON
internal import Units

// All of them are mutating, also those that change nothing: for a call that only borrows it, Swift 6.3 copies the whole
// of the storage, sixteen hundred bytes, for each number of a request.
extension RequestStorage {
    /// The fields of what must be an object.
    @_lifetime(copy value)
    mutating func fields(of value: JSONValue) throws(Refused) -> JSONObject {
        do throws(JSONError) { return try value.object() } catch { throw Refused(value, .words("an object")) }
    }

    /// The elements of what must be an array.
    @_lifetime(copy value)
    mutating func elements(of value: JSONValue) throws(Refused) -> JSONArray {
        do throws(JSONError) { return try value.array() } catch { throw Refused(value, .words("an array")) }
    }

    mutating func text(_ value: JSONValue) throws(Refused) -> Text {
        let string: JSONString
        do throws(JSONError) { string = try value.string() } catch {
            throw Refused(value, .words("a string"))
        }
        if _fastPath(!string.isEscaped) {
            return Text(
                place: UInt32(truncatingIfNeeded: string.offset &+ 1),
                length: UInt32(truncatingIfNeeded: string.raw.byteCount))
        }
        let start = unescaped.count
        var bytes = string.bytes
        while let byte = bytes.next() {
            // There is room for all of the request, and no byte of it is read twice.
            let fits = unescaped.append(byte)
            precondition(fits, "more text than the request has bytes")
        }
        return Text(
            place: UInt32(truncatingIfNeeded: start) | Text.unescaped,
            length: UInt32(truncatingIfNeeded: unescaped.count &- start))
    }

    /// A text that must say something, for an answer names it.
    mutating func identifier(_ value: JSONValue) throws(Refused) -> Text {
        guard value.kind == .string else { throw Refused(value, .words("a string that is not empty")) }
        let text = try text(value)
        guard !text.isEmpty else { throw Refused(value, .words("a string that is not empty")) }
        return text
    }

    /// A value of any kind as it stands.
    mutating func raw(_ value: JSONValue) -> Text {
        Text(
            place: UInt32(truncatingIfNeeded: value.offset),
            length: UInt32(truncatingIfNeeded: value.raw.byteCount))
    }

    /// An `ext` as it stands.
    mutating func ext(_ value: JSONValue) throws(Refused) -> Text {
        guard value.kind == .object else { throw Refused(value, .words("an object")) }
        return raw(value)
    }

    mutating func texts(_ value: JSONValue) throws(Refused) -> Run<Text> {
        var elements = try elements(of: value)
        let start = texts.count
        while let element = elements.next() {
            let text = try text(element)
            guard texts.append(text) else {
                throw Refused(element, .atMost(texts.capacity, "texts in all lists of a request"))
            }
        }
        return Run(from: start, to: texts.count)
    }

    mutating func integer(_ value: JSONValue, _ range: ClosedRange<Int32>) throws(Refused) -> Int32 {
        do throws(JSONError) {
            let number = try value.int64()
            if number >= Int64(range.lowerBound), number <= Int64(range.upperBound) {
                return Int32(truncatingIfNeeded: number)
            }
        } catch {}
        throw Refused(value, .integer(range))
    }

    mutating func integers(_ value: JSONValue, _ range: ClosedRange<Int32>) throws(Refused) -> Run<Int32> {
        var elements = try elements(of: value)
        let start = integers.count
        while let element = elements.next() {
            guard integers.append(try integer(element, range)) else {
                throw Refused(element, .atMost(integers.capacity, "numbers in all lists of a request"))
            }
        }
        return Run(from: start, to: integers.count)
    }

    /// A value of a list by which something is decided: one that the list has, or a vendor's own where it allows them.
    mutating func code(_ value: JSONValue, _ list: CodeList) throws(Refused) -> Int32 {
        do throws(JSONError) {
            let number = try value.int64()
            if let code = Int32(exactly: number), list.has(code) { return code }
        } catch {}
        throw Refused(value, .code(list))
    }

    mutating func codes(_ value: JSONValue, _ list: CodeList) throws(Refused) -> Run<Int32> {
        var elements = try elements(of: value)
        let start = integers.count
        while let element = elements.next() {
            guard integers.append(try code(element, list)) else {
                throw Refused(element, .atMost(integers.capacity, "numbers in all lists of a request"))
            }
        }
        return Run(from: start, to: integers.count)
    }

    /// A text that is an address, or "" for none: whoever looks at it has to know whose household it is.
    mutating func address(_ value: JSONValue, _ family: IPAddress.Family) throws(Refused) -> Text {
        let text = try text(value)
        if text.isEmpty { return text }
        guard IPAddress(bytes(of: text).raw)?.family == family else {
            throw Refused(
                value,
                .words(
                    family == .v4 ? "an IPv4 address, as in 192.0.2.1" : "an IPv6 address, as in 2001:db8::1")
            )
        }
        return text
    }

    mutating func flag(_ value: JSONValue) throws(Refused) -> Bool {
        do throws(JSONError) {
            let number = try value.int64()
            if number == 0 || number == 1 { return number == 1 }
        } catch {}
        throw Refused(value, .words("0 or 1"))
    }

    mutating func number(_ value: JSONValue, _ range: ClosedRange<Double>) throws(Refused) -> Double {
        do throws(JSONError) {
            let number = try value.double()
            if range.contains(number) { return number }
        } catch {}
        throw Refused(value, .number(range))
    }

    /// A price, exact up to six decimals and rounded up beyond: a bid at the floor read must not be below the
    /// floor meant.
    mutating func price(_ value: JSONValue) throws(Refused) -> Micros {
        do throws(JSONError) {
            let price: Micros
            do throws(JSONError) { price = try value.micros() } catch {
                guard error.reason == .tooPrecise else { throw error }
                let rounded = (try value.double() * Double(Micros.perUnit)).rounded(.up)
                guard abs(rounded) <= Double(Sensible.price * Micros.perUnit) else { throw error }
                price = Micros(Int64(rounded))
            }
            if price >= .zero, price.rawValue <= Sensible.price * Micros.perUnit { return price }
        } catch {}
        throw Refused(value, .words("a price from 0 to 1000000"))
    }

    mutating func currency(_ value: JSONValue) throws(Refused) -> CurrencyCode {
        do throws(JSONError) {
            if let currency = CurrencyCode(try value.string().raw) { return currency }
        } catch {}
        throw Refused(value, .words("three letters from A to Z"))
    }

    mutating func currencies(_ value: JSONValue) throws(Refused) -> Run<CurrencyCode> {
        var elements = try elements(of: value)
        let start = currencies.count
        while let element = elements.next() {
            guard currencies.append(try currency(element)) else {
                throw Refused(element, .atMost(currencies.capacity, "currencies"))
            }
        }
        return Run(from: start, to: currencies.count)
    }

    /// What the text means.
    @_lifetime(borrow self)
    func bytes(of text: Text) -> Span<UInt8> {
        if text.place & Text.unescaped == 0 {
            let start = Int(text.place)
            precondition(start + text.byteCount <= byteCount, "a text of another request")
            let first = unsafe (bytes + start).assumingMemoryBound(to: UInt8.self)
            let span = unsafe Span(_unsafeStart: first, count: text.byteCount)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
        let start = Int(text.place & ~Text.unescaped)
        return unescaped.span(Run(from: start, to: start + text.byteCount))
    }
}
