// A request as it may be kept: without what the viewer's permissions do not let be written down. What a decision may
// go by stays, so that the request that is left is decided like the one that came; but for the viewer's place, of which
// a record has what the catalog made of it.
internal import JSON
internal import Units

/// What became of a request that is to be kept.
public enum RequestRedaction: Equatable, Sendable {
    /// All of it may be kept.
    case unchanged
    /// This many bytes of it may.
    case redacted(Int)
    /// No reader has accepted it: nothing of it is kept.
    case unreadable
}

/// Redacts one request after the other in memory that is allocated once.
public struct RequestRedactor: ~Copyable {
    private var scratch: JSONScratch
    /// Of one keyword, what it means.
    private var unescaped: BoundedList<UInt8>
    private let limits: RequestLimits

    public init(limits: RequestLimits = RequestLimits()) {
        self.limits = limits
        scratch = JSONScratch(maximumBytes: limits.bytes)
        unescaped = BoundedList(capacity: limits.bytes)
    }

    /// Writes what may be kept of a request that a reader has accepted. It is never longer than the request.
    ///
    /// - Parameter asks: whether somebody decides by a `key=value` among the keywords. One that nobody asks for may be
    ///   anything, and is not kept.
    public mutating func redact(
        _ request: RawSpan, _ permissions: Permissions, into room: consuming MutableRawSpan,
        _ asks: (RawSpan) -> Bool
    ) -> RequestRedaction {
        let rules = RedactionRules(permissions)
        guard rules.takesAnything else { return .unchanged }
        return Self.redact(request, rules, into: room, &scratch, &unescaped, limits, asks)
    }

    /// The document holds on to its scratch, so memories are taken apart here.
    private static func redact(
        _ request: RawSpan, _ rules: RedactionRules, into room: consuming MutableRawSpan,
        _ scratch: inout JSONScratch, _ unescaped: inout BoundedList<UInt8>, _ limits: RequestLimits,
        _ asks: (RawSpan) -> Bool
    ) -> RequestRedaction {
        do throws(JSONError) {
            let document = try JSONDocument(
                request, scratch: &scratch,
                limits: JSONLimits(bytes: limits.bytes, depth: RequestLimits.depth))
            var writer = ByteWriter(room)
            try rules.copy(document.root, in: .request, of: request, &writer, &unescaped, asks)
            precondition(writer.fits, "what is left of a request is no longer than it")
            return .redacted(writer.count)
        } catch {
            return .unreadable
        }
    }
}

/// Which of a request's fields may be kept, by where they stand. One that no reader knows may be anything, and is not.
private struct RedactionRules {
    /// Nothing of the viewer may be written down.
    private let isAnonymous: Bool
    private let (hidesIdentifiers, hidesPerson, hidesPlace): (Bool, Bool, Bool)

    init(_ permissions: Permissions) {
        isAnonymous = !permissions.allows(.journaling)
        hidesIdentifiers = isAnonymous || !permissions.allows(.identifiers)
        hidesPerson = isAnonymous || !permissions.allows(.personalisation)
        hidesPlace = isAnonymous || !permissions.allows(.preciseLocation)
    }

    var takesAnything: Bool { hidesIdentifiers || hidesPerson || hidesPlace }

    enum Place {
        case request, keywords, keyword, user, userExtension, userGeo, device, deviceGeo, rules, source, other
    }

    enum Verdict {
        case keep, drop
        case look(Place)
    }

    @_lifetime(writer: copy writer)
    func copy(
        _ value: JSONValue, in place: Place, of request: RawSpan, _ writer: inout ByteWriter,
        _ unescaped: inout BoundedList<UInt8>, _ asks: (RawSpan) -> Bool
    ) throws(JSONError) {
        switch value.kind {
        case .object:
            writer.put(UInt8(ascii: "{"))
            var fields = try value.object()
            var isFirst = true
            while let field = fields.next() {
                let verdict = verdict(field.key, in: place)
                if case .drop = verdict { continue }
                if !isFirst { writer.put(UInt8(ascii: ",")) }
                isFirst = false
                // The key as it stands, with its colon.
                writer.put(request.extracting(field.key.offset..<field.value.offset))
                if case .look(let inner) = verdict {
                    try copy(field.value, in: inner, of: request, &writer, &unescaped, asks)
                } else {
                    writer.put(field.value.raw)
                }
            }
            writer.put(UInt8(ascii: "}"))
        case .array:
            writer.put(UInt8(ascii: "["))
            var elements = try value.array()
            var isFirst = true
            while let element = elements.next() {
                if !isFirst { writer.put(UInt8(ascii: ",")) }
                isFirst = false
                let inner = place == .keywords ? .keyword : place
                try copy(element, in: inner, of: request, &writer, &unescaped, asks)
            }
            writer.put(UInt8(ascii: "]"))
        case .string where place == .keywords || place == .keyword:
            try copyPairs(value.string(), listed: place == .keywords, of: request, &writer, &unescaped, asks)
        case .string, .number, .bool, .null: writer.put(value.raw)
        }
    }

    /// Of keywords only pairs that somebody asks for decide, and so only they stay, spelled as they were: whatever else a
    /// seller writes there is not read.
    @_lifetime(writer: copy writer)
    private func copyPairs(
        _ text: JSONString, listed: Bool, of request: RawSpan, _ writer: inout ByteWriter,
        _ unescaped: inout BoundedList<UInt8>, _ asks: (RawSpan) -> Bool
    ) throws(JSONError) {
        writer.put(UInt8(ascii: "\""))
        var bytes = text.bytes
        var isFirst = true
        var isLast = false
        while !isLast {
            // Where the pair's spelling starts and ends, and what it means, without the blanks around it.
            var (start, end, length) = (bytes.position, bytes.position, 0)
            var isPair = false
            isLast = true
            unescaped.removeAll()
            while let byte = bytes.next() {
                if listed, byte == UInt8(ascii: ",") {
                    isLast = false
                    break
                }
                if listed, byte == UInt8(ascii: " "), unescaped.count == 0 {
                    start = bytes.position
                    continue
                }
                let fits = unescaped.append(byte)
                precondition(fits, "a keyword is no longer than its request")
                if byte == UInt8(ascii: "=") { isPair = true }
                if !listed || byte != UInt8(ascii: " ") { (end, length) = (bytes.position, unescaped.count) }
            }
            guard isPair, asks(unescaped.span(Run(from: 0, to: length)).raw) else { continue }
            if !isFirst { writer.put(UInt8(ascii: ",")) }
            isFirst = false
            writer.put(request.extracting(start..<end))
        }
        writer.put(UInt8(ascii: "\""))
    }

    private func verdict(_ key: borrowing JSONKey, in place: Place) -> Verdict {
        switch place {
        case .request: ofRequest(key)
        case .user: ofUser(key)
        case .userExtension: key == "consent" || key == "eids" && !hidesIdentifiers ? .keep : .drop
        case .userGeo: key == "utcoffset" || !isAnonymous && isArea(key) ? .keep : .drop
        case .device: ofDevice(key)
        case .deviceGeo: ofGeo(key)
        case .rules: key == "coppa" || key == "gdpr" || key == "gpp_sid" ? .keep : .drop
        case .source: key == "fd" ? .keep : key == "schain" ? .look(.other) : .drop
        case .keywords, .keyword: .keep
        case .other: ofOther(key)
        }
    }

    private func ofOther(_ key: borrowing JSONKey) -> Verdict {
        switch key {
        // An address may carry whatever a site writes into it, and a place's name is the seller's own.
        case "ext", "page", "ref", "search", "tagid", "url": isAnonymous ? .drop : .keep
        case "keywords", "kwarray": isAnonymous ? .look(.keywords) : .keep
        default: isOfTheOffer(key) ? .look(.other) : .drop
        }
    }

    /// What says of a place for ads, of where it is shown and of the terms.
    private func isOfTheOffer(_ key: borrowing JSONKey) -> Bool {
        switch key {
        // The request.
        case "id", "imp", "tmax", "at", "cur", "bcat", "badv", "bapp", "wseat", "bseat", "acat", "cattax",
            "wlang",
            "wlangb", "test", "allimps", "site", "app", "dooh":
            true
        // The chain of who sells.
        case "complete", "ver", "nodes", "asi", "sid", "name", "domain", "hp": true
        // Imps, banners, deals.
        case "video", "audio", "banner", "native", "bidfloor", "bidfloorcur", "secure", "pmp", "instl", "exp",
            "rwdd",
            "ssai", "private_auction", "deals", "wadomain", "guar", "mindur", "maxdur", "format", "btype",
            "topframe",
            "expdir", "vcm", "wratio", "hratio", "wmin":
            true
        // Video and audio.
        case "mimes", "minduration", "maxduration", "startdelay", "protocols", "w", "h", "podid", "podseq",
            "slotinpod",
            "maxseq", "poddur", "rqddurs", "mincpmpersec", "poddedupe", "durfloors", "linearity", "skip",
            "plcmt",
            "delivery", "api", "pos", "playbackmethod", "battr", "skipmin", "skipafter", "placement",
            "sequence",
            "maxextended", "minbitrate", "maxbitrate", "boxingallowed", "playbackend", "companiontype",
            "companionad",
            "feed", "stitched", "nvol":
            true
        // Sites, apps, screens and what plays there.
        case "bundle", "cat", "publisher", "content", "storeurl", "sectioncat", "pagecat", "mobile", "paid",
            "privacypolicy", "inventorypartnerdomain", "venuetype", "venuetypetax", "title", "series",
            "season", "episode",
            "genre", "genres", "gtax", "contentrating", "language", "langb", "livestream", "len", "network",
            "channel",
            "producer", "artist", "album", "isrc", "prodq", "context", "userrating", "qagmediarating",
            "sourcerelationship", "embeddable", "realtime", "firstbroadcast", "data", "segment", "value",
            "cids":
            true
        default: false
        }
    }

    private func ofRequest(_ key: borrowing JSONKey) -> Verdict {
        switch key {
        case "user": return .look(.user)
        case "device": return .look(.device)
        default: break
        }
        switch key {
        case "regs": return isAnonymous ? .look(.rules) : .keep
        case "source": return isAnonymous ? .look(.source) : .keep
        default: return ofOther(key)
        }
    }

    private func ofUser(_ key: borrowing JSONKey) -> Verdict {
        switch key {
        case "data", "keywords", "kwarray": return hidesPerson ? .drop : .keep
        case "geo": return .look(.userGeo)
        case _ where isAnonymous: return .drop
        case "customdata", "gender", "yob": return hidesPerson ? .drop : .keep
        case "id", "buyeruid", "eids": return hidesIdentifiers ? .drop : .keep
        // The viewer's own word stays with what it allows.
        case "consent": return .keep
        case "ext": return hidesIdentifiers || hidesPerson ? .look(.userExtension) : .keep
        default: return .drop
        }
    }

    private func ofDevice(_ key: borrowing JSONKey) -> Verdict {
        if key == "geo" { return .look(.deviceGeo) }
        if isAnonymous {
            switch key {
            case "devicetype", "os", "lmt", "dnt", "language": return .keep
            default: return .drop
            }
        }
        switch key {
        case "ifa", "didsha1", "didmd5", "dpidsha1", "dpidmd5", "macsha1", "macmd5", "ip", "ipv6":
            return hidesIdentifiers ? .drop : .keep
        case "ext": return hidesIdentifiers || hidesPlace ? .drop : .keep
        case "ua", "sua", "os", "osv", "make", "model", "devicetype", "hwv", "w", "h", "ppi", "pxratio", "js",
            "geofetch",
            "language", "langb", "carrier", "mccmnc", "connectiontype", "lmt", "dnt":
            return .keep
        default: return .drop
        }
    }

    private func ofGeo(_ key: borrowing JSONKey) -> Verdict {
        if isPrecise(key) { return hidesPlace ? .drop : .keep }
        return isArea(key) || key == "utcoffset" || key == "type" || !isAnonymous && key == "ipservice"
            ? .keep : .drop
    }

    private func isArea(_ key: borrowing JSONKey) -> Bool {
        key == "country" || key == "region" || key == "metro" || key == "city"
    }

    private func isPrecise(_ key: borrowing JSONKey) -> Bool {
        key == "lat" || key == "lon" || key == "zip" || key == "accuracy" || key == "lastfix" || key == "ext"
    }
}
