// Writes a bid response into memory that the caller owns, field by field, so that nothing is gathered first.
// Calls out of order are a mistake of the program and stop it, as they do in `JSONWriter`.
public import JSON
public import Units

/// Writes one BidResponse. Allocates nothing; a response that does not fit is reported at the end.
///
///     var response = BidResponseWriter(buffer, id: request.utf8(request.id))
///     response.beginSeat(seat)
///     response.beginBid(id: bid, impid: request.utf8(imp.id), price: price)
///     response.field(.crid, creative)
///     response.markup(.adm, vast, macros)
///     response.endBid()
///     response.endSeat()
///     let count = try response.finish()
public struct BidResponseWriter: ~Copyable, ~Escapable {
    private var json: JSONWriter
    /// Whether the list of seats has begun.
    private var hasSeats = false

    private static var alphabet: StaticString { "ABCDEFGHIJKLMNOPQRSTUVWXYZ" }

    /// Begins an answer to the request with this id.
    @_lifetime(copy buffer)
    public init(_ buffer: consuming MutableRawSpan, id: UTF8Span) {
        json = JSONWriter(buffer)
        json.beginObject()
        json.field("id", id)
    }

    /// A no-bid that says why: the whole answer.
    public static func noBid(_ reason: Int32, id: UTF8Span, into buffer: consuming MutableRawSpan)
        throws(JSONError) -> Int
    {
        var json = JSONWriter(buffer)
        json.beginObject()
        json.field("id", id)
        json.field("nbr", Int(reason))
        json.endObject()
        return try json.finish()
    }

    @_lifetime(self: copy self)
    public mutating func bidid(_ id: UTF8Span) { json.field("bidid", id) }

    /// The currency of all prices, before the first seat.
    @_lifetime(self: copy self)
    public mutating func cur(_ currency: CurrencyCode) {
        json.key("cur")
        json.beginText()
        // Letter by letter from where each stands in the alphabet: a local array would be allocated.
        for shift in stride(from: 16, through: 0, by: -8) {
            let letter = Int(currency.rawValue >> UInt32(shift) & 0xFF) - 0x41
            let start = unsafe UnsafeRawPointer(Self.alphabet.utf8Start + letter)
            unsafe json.text(RawSpan(_unsafeStart: start, byteCount: 1))
        }
        json.endText()
    }

    /// Begins the bids of one seat.
    @_lifetime(self: copy self)
    public mutating func beginSeat(_ seat: UTF8Span) {
        if !hasSeats {
            hasSeats = true
            json.key("seatbid")
            json.beginArray()
        }
        json.beginObject()
        json.field("seat", seat)
        json.key("bid")
        json.beginArray()
    }

    /// Ends the seat's bids. A group is won or lost as a whole.
    @_lifetime(self: copy self)
    public mutating func endSeat(isGroup: Bool = false) {
        json.endArray()
        if isGroup { json.field("group", 1) }
        json.endObject()
    }

    /// Begins a bid with what every bid must have. The price is for a thousand impressions.
    @_lifetime(self: copy self)
    public mutating func beginBid(id: UTF8Span, impid: UTF8Span, price: Micros) {
        precondition(price >= .zero, "nobody bids less than nothing")
        json.beginObject()
        json.field("id", id)
        json.field("impid", impid)
        json.field("price", price)
    }

    @_lifetime(self: copy self)
    public mutating func endBid() { json.endObject() }

    @_lifetime(self: copy self)
    public mutating func field(_ field: BidText, _ text: UTF8Span) { json.field(field.key, text) }

    @_lifetime(self: copy self)
    public mutating func field(_ field: BidNumber, _ number: Int32) { json.field(field.key, Int(number)) }

    /// Markup or a notice's address, with those macros replaced that have a value.
    @_lifetime(self: copy self)
    public mutating func markup(_ field: BidMarkup, _ template: UTF8Span, _ macros: borrowing AuctionMacros) {
        json.key(field.key)
        json.beginText()
        macros.write(template.span.raw, to: &json)
        json.endText()
    }

    /// Fields as they stood in a bid of another response, and texts of the same length in place of some of theirs: by
    /// `byteCount` as it was before.
    @_lifetime(self: copy self)
    public mutating func copied(_ fields: RawSpan) { json.escapedFields(fields) }

    @_lifetime(self: copy self)
    public mutating func overwrite(_ text: RawSpan, at start: Int) { json.overwrite(text, at: start) }

    /// How many bytes were asked for so far; beyond the buffer they were not written.
    public var byteCount: Int { json.byteCount }

    @_lifetime(self: copy self)
    public mutating func beginList(_ list: BidList) {
        json.key(list.key)
        json.beginArray()
    }

    @_lifetime(self: copy self)
    public mutating func element(_ text: UTF8Span) { json.value(text) }

    @_lifetime(self: copy self)
    public mutating func element(_ number: Int32) { json.value(Int(number)) }

    @_lifetime(self: copy self)
    public mutating func endList() { json.endArray() }

    /// How many bytes were written, or an error whose offset is the size that was needed.
    public consuming func finish() throws(JSONError) -> Int {
        if hasSeats { json.endArray() }
        json.endObject()
        return try json.finish()
    }
}
