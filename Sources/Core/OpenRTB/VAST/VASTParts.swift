// What a document can be told: one call for each element that VAST has a place for. Calls follow their ad, and
// those of a creative or a verification follow that; otherwise any order will do.
public import Units

extension VASTDocument {
    mutating func add(_ part: VASTPart) {
        guard parts.count < partsMax else { return fail(.tooManyParts) }
        parts.append(part)
    }

    /// A part of the current ad.
    private mutating func addToAd(_ kind: VASTPart.Kind, _ change: (inout VASTPart) -> Void) {
        precondition(ad >= 0, "no ad was begun")
        var part = VASTPart(kind: kind, owner: ad)
        change(&part)
        add(part)
    }

    private mutating func addToCreative(_ kind: VASTPart.Kind, _ change: (inout VASTPart) -> Void) {
        precondition(creative >= 0, "no creative was begun")
        var part = VASTPart(kind: kind, owner: creative)
        change(&part)
        add(part)
    }

    private mutating func addToVerification(_ kind: VASTPart.Kind, _ change: (inout VASTPart) -> Void) {
        precondition(verification >= 0, "no verification was begun")
        var part = VASTPart(kind: kind, owner: verification)
        change(&part)
        add(part)
    }

    private mutating func begin(_ part: VASTPart) {
        (ad, creative, verification) = (parts.count, -1, -1)
        add(part)
    }
}

// Ads.
extension VASTDocument {
    /// An ad with its creatives. `sequence` is its place in a pod, from 1; 0 for an ad that is in none.
    public mutating func beginInLine(
        id: VASTText = .none, sequence: Int = 0, adServingID: VASTText, title: VASTText
    ) {
        var part = VASTPart(kind: .inLine, owner: -1)
        (part.text, part.number, part.second, part.third) = (id, sequence, adServingID, title)
        begin(part)
    }

    /// An ad whose creatives another server has.
    public mutating func beginWrapper(
        id: VASTText = .none, sequence: Int = 0, tag: VASTText, followsMore: Bool = true,
        allowsSeveralAds: Bool = false
    ) {
        var part = VASTPart(kind: .wrapper, owner: -1)
        (part.text, part.number, part.second) = (id, sequence, tag)
        (part.flag, part.flag2) = (followsMore, allowsSeveralAds)
        begin(part)
    }

    /// Where to report that there was no ad. Written where the document has none; version 3.0's schema has no
    /// place for it.
    public mutating func noAdError(_ url: VASTText) {
        var part = VASTPart(kind: .noAdError, owner: -1)
        part.text = url
        add(part)
    }

    public mutating func adSystem(_ name: VASTText, version: VASTText = .none) {
        addToAd(.adSystem) { ($0.text, $0.second) = (name, version) }
    }

    public mutating func impression(_ url: VASTText, id: VASTText = .none) {
        addToAd(.impression) { ($0.text, $0.second) = (url, id) }
    }

    /// Version 3.0 has room for one: the first is written.
    public mutating func error(_ url: VASTText) { addToAd(.error) { $0.text = url } }

    public mutating func pricing(_ amount: Micros, model: VASTPricing, currency: VASTText) {
        addToAd(.pricing) {
            $0.text = currency
            $0.number = Int(amount.rawValue)
            $0.second.start = UInt32(model.rawValue)
        }
    }

    /// Elements of somebody's own. They are written as they stand: `xml` must be one or more whole elements.
    public mutating func extensionXML(_ xml: VASTText, type: VASTText = .none) {
        addToAd(.extensionXML) { ($0.text, $0.second) = (xml, type) }
    }

    public mutating func category(_ code: VASTText, authority: VASTText) {
        addToAd(.category) { ($0.text, $0.second) = (code, authority) }
    }

    /// Of a wrapper: what the other server must not answer with.
    public mutating func blockedCategory(_ codes: VASTText, authority: VASTText) {
        addToAd(.blockedCategory) { ($0.text, $0.second) = (codes, authority) }
    }

    public mutating func advertiser(_ name: VASTText) { addToAd(.advertiser) { $0.text = name } }
    public mutating func description(_ text: VASTText) { addToAd(.description) { $0.text = text } }
    public mutating func expires(afterSeconds: Int) { addToAd(.expires) { $0.number = afterSeconds } }
    public mutating func survey(_ url: VASTText) { addToAd(.survey) { $0.text = url } }
    public mutating func viewable(_ url: VASTText) { addToAd(.viewable) { $0.text = url } }
    public mutating func notViewable(_ url: VASTText) { addToAd(.notViewable) { $0.text = url } }
    public mutating func viewUndetermined(_ url: VASTText) { addToAd(.viewUndetermined) { $0.text = url } }
}

public enum VASTPricing: UInt8, Hashable, Sendable {
    case cpm, cpc, cpe, cpv

    var text: StaticString {
        switch self {
        case .cpm: "cpm"
        case .cpc: "cpc"
        case .cpe: "cpe"
        case .cpv: "cpv"
        }
    }
}

// Verifications.
extension VASTDocument {
    public mutating func beginVerification(vendor: VASTText) {
        verification = parts.count
        addToAd(.verification) { $0.text = vendor }
    }

    public mutating func javaScript(_ url: VASTText, apiFramework: VASTText, browserOptional: Bool = true) {
        addToVerification(.javaScript) {
            ($0.text, $0.second, $0.flag) = (url, apiFramework, browserOptional)
        }
    }

    public mutating func executable(_ url: VASTText, apiFramework: VASTText, type: VASTText) {
        addToVerification(.executable) { ($0.text, $0.second, $0.third) = (url, apiFramework, type) }
    }

    public mutating func verificationNotExecuted(_ url: VASTText) {
        addToVerification(.notExecuted) { $0.text = url }
    }

    public mutating func verificationParameters(_ text: VASTText) {
        addToVerification(.parameters) { $0.text = text }
    }
}

// Creatives.
extension VASTDocument {
    /// The longest duration that the format has a place for, a millisecond below a day.
    static let longestMilliseconds = 86_399_999

    /// A linear creative. Its duration and media files are an ad's own: a wrapper's are not written.
    public mutating func beginLinear(
        milliseconds: Int = 0, skipAfterMilliseconds: Int? = nil, id: VASTText = .none,
        adID: VASTText = .none, sequence: Int = 0
    ) {
        if !(0...Self.longestMilliseconds).contains(milliseconds) { fail(.invalidDuration) }
        creative = parts.count
        addToAd(.linear) {
            ($0.text, $0.second, $0.number) = (id, adID, milliseconds)
            $0.third.start = UInt32(max(0, sequence))
            if let skip = skipAfterMilliseconds {
                $0.flag = true
                $0.fourth.start = UInt32(min(max(0, skip), Self.longestMilliseconds))
            }
        }
    }

    public mutating func universalAdID(_ id: VASTText, registry: VASTText) {
        addToCreative(.universalAdID) { ($0.text, $0.second) = (id, registry) }
    }

    /// `afterMilliseconds` is for `progress`, which must have it.
    public mutating func tracking(_ event: VASTEvent, _ url: VASTText, afterMilliseconds: Int? = nil) {
        precondition(event != .progress || afterMilliseconds != nil, "progress needs a time")
        addToCreative(.tracking) {
            ($0.event, $0.text) = (event, url)
            if let after = afterMilliseconds {
                $0.flag = true
                $0.number = min(max(0, after), Self.longestMilliseconds)
            }
        }
    }

    /// The page that a click opens: one for a creative, and none for a wrapper in version 3.0.
    public mutating func clickThrough(_ url: VASTText, id: VASTText = .none) {
        addToCreative(.clickThrough) { ($0.text, $0.second) = (url, id) }
    }

    public mutating func clickTracking(_ url: VASTText, id: VASTText = .none) {
        addToCreative(.clickTracking) { ($0.text, $0.second) = (url, id) }
    }

    public mutating func customClick(_ url: VASTText, id: VASTText = .none) {
        addToCreative(.customClick) { ($0.text, $0.second) = (url, id) }
    }

    public mutating func mediaFile(_ file: VASTMediaFile) { addToCreative(.mediaFile) { $0.media = file } }

    /// The raw file, for servers that transcode. Version 3.0 has no place for it.
    public mutating func mezzanine(_ file: VASTMediaFile) { addToCreative(.mezzanine) { $0.media = file } }

    public mutating func closedCaptions(_ url: VASTText, type: VASTText, language: VASTText) {
        addToCreative(.closedCaptions) { ($0.text, $0.second, $0.third) = (url, type, language) }
    }

    public mutating func adParameters(_ text: VASTText) { addToCreative(.adParameters) { $0.text = text } }
}
