// An ad tag as the bid request that it stands for: a player's query in, the bytes of an OpenRTB request out. From there
// on a tag is decided, journaled and decided again like any other request.
internal import JSON
internal import Units

/// Reads one query after the other into memory that is allocated once. One for each shard.
public struct TagReader: ~Copyable {
    /// A query's bytes six times, where each has to be escaped, and all keys.
    static let requestBytesMost = 6 * TagValues.bytesMost + 4_096

    private var values = TagValues()
    private var bytes = [UInt8](repeating: 0, count: requestBytesMost)
    private var count = 0

    public init() {}

    /// The request that was read last.
    public var request: RawSpan {
        @_lifetime(borrow self) borrowing get { unsafe bytes.span.bytes.extracting(0..<count) }
    }

    /// Makes the request that a query stands for. Allocates nothing but a refusal's text.
    ///
    /// - Parameter number: names the request where the query does not.
    public mutating func read(_ query: RawSpan, number: UInt64) throws(TagError) {
        count = 0
        try values.read(query)
        if let place = placeOfSite, values.has(.app) || values.has(.bundle) {
            throw TagError(
                parameter: place.name, found: "an app and a site",
                allowed: "either app and bundle, or site and page")
        }
        let isSite = placeOfSite != nil
        do throws(JSONError) {
            count = try Self.write(values, isSite: isSite, number, into: &bytes)
        } catch { preconditionFailure("a query's request is larger than its memory") }
    }

    private var placeOfSite: TagParameter? { values.has(.site) ? .site : values.has(.page) ? .page : nil }

    /// What was wrong with the request, said of the query that it was made of.
    public func refusal(_ error: OpenRTBError) -> TagError {
        let parameter = TagParameter.at(error.path) { values.has($0) }
        return TagError(
            parameter: parameter?.name ?? "", found: error.found,
            allowed: parameter == nil && !error.path.isEmpty
                ? "\(error.allowed) (\(error.path))" : error.allowed)
    }

    private static func write(
        _ values: borrowing TagValues, isSite: Bool, _ number: UInt64, into bytes: inout [UInt8]
    ) throws(JSONError) -> Int {
        var room = bytes.mutableSpan
        var json = JSONWriter(unsafe room.mutableBytes)
        json.beginObject()
        if values.has(.id) { json.add(.id, values) } else { json.add(id: number) }
        // Whoever shows the ads asks nobody else.
        // Nobody else is asked: the auction is ours, at the second price.
        json.field("at", Int64(2))
        json.add(.tmax, values)
        json.add(.test, values)
        if values.has(.cur) {
            json.key("cur")
            json.beginArray()
            json.string(values.value(of: .cur))
            json.endArray()
        }
        json.add(.bcat, values)
        json.add(.badv, values)
        json.addImp(values)
        json.addPlace(values, isSite: isSite)
        json.addDevice(values)
        json.addUser(values)
        json.endObject()
        return try json.finish()
    }
}

// The objects of a request, each written only where the query says something of it.
extension JSONWriter {
    @_lifetime(self: copy self)
    fileprivate mutating func addImp(_ values: borrowing TagValues) {
        key("imp")
        beginArray()
        beginObject()
        field("id", "1" as StaticString)
        add(.floor, values)
        if values.has(.floor), values.has(.cur) {
            key("bidfloorcur")
            string(values.value(of: .cur))
        }
        add(.secure, values)
        if values.has(.deal) { addDeals(values) }
        key("video")
        beginObject()
        addMedia(values)
        add(.w, values)
        add(.h, values)
        add(.dur, values)
        add(.mindur, values)
        add(.maxdur, values)
        if values.has(.pod) { field("podid", "1" as StaticString) }
        add(.pod, values)
        add(.ads, values)
        add(.seq, values)
        add(.start, values)
        add(.skip, values)
        add(.plcmt, values)
        add(.minkbps, values)
        add(.maxkbps, values)
        endObject()
        endObject()
        endArray()
    }

    @_lifetime(self: copy self)
    private mutating func addMedia(_ values: borrowing TagValues) {
        if values.has(.mimes) {
            add(.mimes, values)
        } else {
            // What players of all kinds play.
            key("mimes")
            beginArray()
            value("video/mp4" as StaticString)
            value("application/x-mpegURL" as StaticString)
            value("application/vnd.apple.mpegurl" as StaticString)
            endArray()
        }
        // AdCOM's numbers: VAST 3.0, or 4.2, each with its wrappers.
        key("protocols")
        beginArray()
        let is3 = values.has(.vast) && values.value(of: .vast).byte(0) == UInt8(ascii: "3")
        value(Int64(is3 ? 3 : 13))
        value(Int64(is3 ? 6 : 14))
        endArray()
    }

    @_lifetime(self: copy self)
    private mutating func addDeals(_ values: borrowing TagValues) {
        key("pmp")
        beginObject()
        key("deals")
        addObjects(withIDs: values.value(of: .deal))
        endObject()
    }

    /// An object for each part of a list, which is its id.
    @_lifetime(self: copy self)
    private mutating func addObjects(withIDs list: RawSpan) {
        beginArray()
        var parts = TagList(list)
        while let part = parts.next() {
            beginObject()
            key("id")
            string(list.extracting(part))
            endObject()
        }
        endArray()
    }

    @_lifetime(self: copy self)
    fileprivate mutating func addPlace(_ values: borrowing TagValues, isSite: Bool) {
        key(isSite ? "site" : "app")
        beginObject()
        add(isSite ? .site : .app, values)
        add(isSite ? .page : .bundle, values)
        add(.domain, values)
        if values.has(.pub) {
            key("publisher")
            beginObject()
            add(.pub, values)
            endObject()
        }
        add(.kv, values)
        key("content")
        beginObject()
        add(.cid, values)
        add(.title, values)
        add(.series, values)
        add(.season, values)
        add(.episode, values)
        add(.genre, values)
        add(.rating, values)
        add(.lang, values)
        add(.live, values)
        add(.len, values)
        addOutlet(.network, values)
        addOutlet(.channel, values)
        endObject()
        endObject()
    }

    @_lifetime(self: copy self)
    private mutating func addOutlet(_ parameter: TagParameter, _ values: borrowing TagValues) {
        guard values.has(parameter) else { return }
        key(parameter.form.key)
        beginObject()
        key("name")
        string(values.value(of: parameter))
        endObject()
    }

    @_lifetime(self: copy self)
    fileprivate mutating func addDevice(_ values: borrowing TagValues) {
        key("device")
        beginObject()
        add(.devicetype, values)
        add(.os, values)
        add(.osv, values)
        add(.make, values)
        add(.model, values)
        add(.ua, values)
        add(.ip, values)
        add(.ipv6, values)
        add(.ifa, values)
        add(.lmt, values)
        add(.dnt, values)
        key("geo")
        beginObject()
        add(.country, values)
        add(.region, values)
        add(.metro, values)
        add(.city, values)
        add(.zip, values)
        add(.lat, values)
        add(.lon, values)
        add(.utcoffset, values)
        endObject()
        endObject()
    }

    @_lifetime(self: copy self)
    fileprivate mutating func addUser(_ values: borrowing TagValues) {
        key("user")
        beginObject()
        add(.uid, values)
        add(.gdprConsent, values)
        if values.has(.segments) { addSegments(values.value(of: .segments)) }
        endObject()
        key("regs")
        beginObject()
        add(.coppa, values)
        add(.gdpr, values)
        add(.usPrivacy, values)
        add(.gpp, values)
        add(.gppSid, values)
        endObject()
    }

    @_lifetime(self: copy self)
    private mutating func addSegments(_ list: RawSpan) {
        key("data")
        beginArray()
        beginObject()
        key("segment")
        addObjects(withIDs: list)
        endObject()
        endArray()
    }
}

// Values.
extension JSONWriter {
    /// Sixteen hexadecimal digits.
    @_lifetime(self: copy self)
    fileprivate mutating func add(id number: UInt64) {
        let id = HexNumber(number)
        field("id", id.utf8)
    }

    @_lifetime(self: copy self)
    fileprivate mutating func string(_ bytes: RawSpan) {
        beginText()
        text(bytes)
        endText()
    }

    /// The field that a parameter becomes, where something was said of it.
    @_lifetime(self: copy self)
    fileprivate mutating func add(_ parameter: TagParameter, _ values: borrowing TagValues) {
        guard values.has(parameter) else { return }
        let form = parameter.form
        let value = values.value(of: parameter)
        switch form.kind {
        case .text:
            key(form.key)
            string(value)
        case .texts, .pairs, .integers:
            key(form.key)
            beginArray()
            var parts = TagList(value)
            while let part = parts.next() { addElement(value.extracting(part), form.kind) }
            endArray()
        case .integer, .flag, .guardedFlag:
            guard let number = TagNumber(value) else {
                preconditionFailure("a number that was checked is none")
            }
            field(form.key, number.whole)
        case .money, .degrees:
            guard let number = TagNumber(value) else {
                preconditionFailure("a number that was checked is none")
            }
            field(form.key, Micros(number.millionths))
        case .version, .ignored: break
        }
    }

    @_lifetime(self: copy self)
    private mutating func addElement(_ part: RawSpan, _ kind: TagParameter.Kind) {
        if case .integers = kind {
            guard let number = TagNumber(part) else {
                preconditionFailure("a number that was checked is none")
            }
            value(number.whole)
        } else {
            string(part)
        }
    }
}
