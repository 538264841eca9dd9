// What an ad tag's query may say: each parameter, what its value is, and the field of a bid request that it becomes.

public enum TagParameter: UInt8, CaseIterable, Sendable {
    // The break and its slots.
    case w, h, mimes, vast, dur, mindur, maxdur, pod, ads, seq, start, skip, plcmt, minkbps, maxkbps, secure
    case floor, cur, deal
    // Where it is shown.
    case pub, app, bundle, site, page, domain, kv, bcat, badv
    case cid, title, series, season, episode, genre, rating, lang, live, len, network, channel
    // On what, where and to whom.
    case devicetype, os, osv, make, model, ua, ip, ipv6, ifa, lmt, dnt
    case country, region, metro, city, zip, lat, lon, utcoffset
    case uid, segments
    // What may be done with it.
    case coppa, gdpr, gdprConsent, usPrivacy, gpp, gppSid
    // The request itself.
    case id, tmax, test, cb

    enum Kind {
        case text, texts, integer, integers
        /// Texts with a sign of equality in each, behind a name.
        case pairs
        /// At most six decimals; further ones are cut off where they are of a place on Earth.
        case money, degrees
        case flag
        /// A flag that protects the viewer: one that its sender could not fill in counts as set.
        case guardedFlag
        /// 3 or 4.
        case version
        /// Nothing is made of it: it keeps caches from answering.
        case ignored
    }

    /// Its name, the object of the request that its field is in, the field's key, and what its value is.
    var form: (name: StaticString, object: StaticString, key: StaticString, kind: Kind) {
        switch self {
        case .w: ("w", "imp[0].video", "w", .integer)
        case .h: ("h", "imp[0].video", "h", .integer)
        case .mimes: ("mimes", "imp[0].video", "mimes", .texts)
        case .vast: ("vast", "imp[0].video", "protocols", .version)
        case .dur: ("dur", "imp[0].video", "rqddurs", .integers)
        case .mindur: ("mindur", "imp[0].video", "minduration", .integer)
        case .maxdur: ("maxdur", "imp[0].video", "maxduration", .integer)
        case .pod: ("pod", "imp[0].video", "poddur", .integer)
        case .ads: ("ads", "imp[0].video", "maxseq", .integer)
        case .seq: ("seq", "imp[0].video", "podseq", .integer)
        case .start: ("start", "imp[0].video", "startdelay", .integer)
        case .skip: ("skip", "imp[0].video", "skip", .flag)
        case .plcmt: ("plcmt", "imp[0].video", "plcmt", .integer)
        case .minkbps: ("minkbps", "imp[0].video", "minbitrate", .integer)
        case .maxkbps: ("maxkbps", "imp[0].video", "maxbitrate", .integer)
        case .secure: ("secure", "imp[0]", "secure", .flag)
        case .floor: ("floor", "imp[0]", "bidfloor", .money)
        case .cur: ("cur", "", "cur", .text)
        case .deal: ("deal", "imp[0].pmp", "deals", .texts)
        case .pub: ("pub", "app.publisher", "id", .text)
        case .app: ("app", "app", "id", .text)
        case .bundle: ("bundle", "app", "bundle", .text)
        case .site: ("site", "site", "id", .text)
        case .page: ("page", "site", "page", .text)
        case .domain: ("domain", "app", "domain", .text)
        case .kv: ("kv", "app", "kwarray", .pairs)
        case .bcat: ("bcat", "", "bcat", .texts)
        case .badv: ("badv", "", "badv", .texts)
        case .cid: ("cid", "app.content", "id", .text)
        case .title: ("title", "app.content", "title", .text)
        case .series: ("series", "app.content", "series", .text)
        case .season: ("season", "app.content", "season", .text)
        case .episode: ("episode", "app.content", "episode", .integer)
        case .genre: ("genre", "app.content", "genre", .text)
        case .rating: ("rating", "app.content", "contentrating", .text)
        case .lang: ("lang", "app.content", "language", .text)
        case .live: ("live", "app.content", "livestream", .flag)
        case .len: ("len", "app.content", "len", .integer)
        case .network: ("network", "app.content", "network", .text)
        case .channel: ("channel", "app.content", "channel", .text)
        case .devicetype: ("devicetype", "device", "devicetype", .integer)
        case .os: ("os", "device", "os", .text)
        case .osv: ("osv", "device", "osv", .text)
        case .make: ("make", "device", "make", .text)
        case .model: ("model", "device", "model", .text)
        case .ua: ("ua", "device", "ua", .text)
        case .ip: ("ip", "device", "ip", .text)
        case .ipv6: ("ipv6", "device", "ipv6", .text)
        case .ifa: ("ifa", "device", "ifa", .text)
        case .lmt: ("lmt", "device", "lmt", .guardedFlag)
        case .dnt: ("dnt", "device", "dnt", .guardedFlag)
        case .country: ("country", "device.geo", "country", .text)
        case .region: ("region", "device.geo", "region", .text)
        case .metro: ("metro", "device.geo", "metro", .text)
        case .city: ("city", "device.geo", "city", .text)
        case .zip: ("zip", "device.geo", "zip", .text)
        case .lat: ("lat", "device.geo", "lat", .degrees)
        case .lon: ("lon", "device.geo", "lon", .degrees)
        case .utcoffset: ("utcoffset", "device.geo", "utcoffset", .integer)
        case .uid: ("uid", "user", "id", .text)
        case .segments: ("segments", "user", "data", .texts)
        case .coppa: ("coppa", "regs", "coppa", .guardedFlag)
        case .gdpr: ("gdpr", "regs", "gdpr", .guardedFlag)
        case .gdprConsent: ("gdpr_consent", "user", "consent", .text)
        case .usPrivacy: ("us_privacy", "regs", "us_privacy", .text)
        case .gpp: ("gpp", "regs", "gpp", .text)
        case .gppSid: ("gpp_sid", "regs", "gpp_sid", .integers)
        case .id: ("id", "", "id", .text)
        case .tmax: ("tmax", "", "tmax", .integer)
        case .test: ("test", "", "test", .flag)
        case .cb: ("cb", "", "", .ignored)
        }
    }

    public var name: String { "\(form.name)" }

    /// Where the field is in a request, an app standing for a site too.
    private var path: String {
        let object = form.object.utf8CodeUnitCount == 0 ? "" : "\(form.object)."
        return "\(object)\(form.key)".replacingSite
    }

    /// How its value is written, for people.
    var allowed: String {
        switch form.kind {
        case .text: "a text"
        case .texts: "texts with commas between them"
        case .pairs: "key=value pairs with commas between them, as in section=news,show=7"
        case .integer: "a whole number of at most nine digits"
        case .integers: "whole numbers of at most nine digits with commas between them"
        case .money: "a number with at most six decimals, as in 12.5"
        case .degrees: "degrees, as in -73.9972"
        case .flag, .guardedFlag: "0 or 1"
        case .version: "3 or 4"
        case .ignored: "anything"
        }
    }

    /// The one that the field of a bid request at this path was made of.
    static func at(_ path: String, where isGiven: (TagParameter) -> Bool) -> TagParameter? {
        let path = path.replacingSite
        return allCases.filter { one in
            guard isGiven(one) else { return false }
            return path == one.path || path.hasPrefix(one.path + "[") || path.hasPrefix(one.path + ".")
        }.max { $0.path.utf8.count < $1.path.utf8.count }
    }
}

extension String {
    fileprivate var replacingSite: String { hasPrefix("site.") ? "app." + dropFirst("site.".count) : self }
}

/// Why a tag's query asks for nothing that could be answered.
public struct TagError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Empty for the query as a whole.
    public var parameter: String
    public var found: String
    public var allowed: String

    public var description: String {
        "\(parameter.isEmpty ? "the query" : parameter): found \(found); allowed \(allowed)"
    }
}
