// Lists that requests write as one text: `drama, thriller`.
internal import Units

/// The parts of a text between commas, without the blanks around them; empty ones are none.
struct CommaList {
    private var start = 0

    /// The next part's place; nil behind the last.
    mutating func next(in text: RawSpan) -> Range<Int>? {
        while start < text.byteCount {
            var end = start
            while end < text.byteCount, text.byte(end) != UInt8(ascii: ",") { end += 1 }
            var (first, last) = (start, end)
            start = end + 1
            while first < last, text.byte(first) == UInt8(ascii: " ") { first += 1 }
            while last > first, text.byte(last - 1) == UInt8(ascii: " ") { last -= 1 }
            if last > first { return first..<last }
        }
        return nil
    }
}
