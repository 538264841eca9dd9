// A document's bytes. Each version has an order of its own; an element is written by looking for its parts, a
// few dozen in every ad. What a version has no place for is left out and counted, so that the loss can be seen.
internal import Units

/// What was written.
public struct VASTWritten: Hashable, Sendable {
    public var byteCount: Int
    /// Parts that the version had no place for, or that no device's limits let through.
    public var partsLeftOut: Int
}

extension VASTDocument {
    /// Writes the document. Media files that do not fit the device are left out, and the best come first; an
    /// ad that has none left is refused, for it could not be played.
    public borrowing func write(
        into buffer: consuming MutableRawSpan, for device: VASTDevice = VASTDevice()
    ) throws(VASTWriteError) -> VASTWritten {
        let one = InlineArray<1, VASTDevice>(repeating: device)
        return try write(into: buffer, for: one.span)
    }

    /// The same where each ad stands in a place with limits of its own. There is one at least; the last holds for all ads
    /// behind it, too.
    public borrowing func write(
        into buffer: consuming MutableRawSpan, for devices: Span<VASTDevice>
    ) throws(VASTWriteError) -> VASTWritten {
        if let failure { throw failure }
        var writing = unsafe VASTWriting(
            parts: parts.span, pool: pool.span.bytes, version: version, devices: devices)
        var xml = XMLWriter(buffer)
        try writing.document(&xml)
        guard xml.bytes.fits else { throw .bufferTooSmall(needed: xml.bytes.count) }
        return VASTWritten(byteCount: xml.bytes.count, partsLeftOut: parts.count - writing.used)
    }
}

struct VASTWriting: ~Escapable {
    let parts: Span<VASTPart>
    let pool: RawSpan
    let version: VASTVersion
    let devices: Span<VASTDevice>
    /// How many parts were written.
    var used = 0
    /// The index of the ad being written, and where its parts end.
    var ad = 0
    var adEnd = 0
    /// How many ads came before it, for errors.
    var adNumber = 0

    @_lifetime(copy parts, copy pool, copy devices)
    init(parts: Span<VASTPart>, pool: RawSpan, version: VASTVersion, devices: Span<VASTDevice>) {
        self.parts = parts
        self.pool = pool
        self.version = version
        self.devices = devices
    }

    /// Of the ad being written.
    var device: VASTDevice { devices[min(adNumber, devices.count - 1)] }

    @_lifetime(copy self)
    func bytes(_ text: VASTText) -> RawSpan {
        let start = Int(text.start)
        return pool.extracting(start..<start + Int(text.count))
    }

    /// The next part of this kind that belongs to `owner`, from `at` on.
    func next(_ kind: VASTPart.Kind, of owner: Int, from at: Int) -> Int? {
        var at = at
        while at < adEnd {
            if parts[at].kind == kind && parts[at].owner == owner { return at }
            at += 1
        }
        return nil
    }

    func has(_ kind: VASTPart.Kind, of owner: Int) -> Bool { next(kind, of: owner, from: owner) != nil }
}

// The document and its ads.
extension VASTWriting {
    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    mutating func document(_ xml: inout XMLWriter) throws(VASTWriteError) {
        xml.bytes.put("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        xml.start("VAST")
        xml.attribute("version", version.text)
        if version == .v4_2 { xml.attribute("xmlns", "http://www.iab.com/VAST") }
        xml.closeStart()
        var at = 0
        while at < parts.count {
            if parts[at].owner < 0 && parts[at].kind != .noAdError {
                try ad(at, &xml)
                adNumber += 1
            }
            at += 1
        }
        if adNumber == 0 && version == .v4_2 { noAd(&xml) }
        xml.end("VAST")
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func noAd(_ xml: inout XMLWriter) {
        for at in 0..<parts.count where parts[at].kind == .noAdError {
            element("Error", url: parts[at], &xml)
        }
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func ad(_ index: Int, _ xml: inout XMLWriter) throws(VASTWriteError) {
        ad = index
        adEnd = index + 1
        while adEnd < parts.count && parts[adEnd].owner >= 0 { adEnd += 1 }
        let part = parts[index]
        used += 1
        xml.start("Ad")
        attribute("id", part.text, &xml)
        if part.number > 0 { xml.attribute("sequence", part.number) }
        xml.closeStart()
        let isWrapper = part.kind == .wrapper
        xml.start(isWrapper ? "Wrapper" : "InLine")
        if isWrapper && version == .v4_2 {
            xml.attribute("followAdditionalWrappers", part.flag)
            xml.attribute("allowMultipleAds", part.flag2)
        }
        xml.closeStart()
        try require(.adSystem, .adSystem)
        try require(.impression, .impression)
        switch (version, isWrapper) {
        case (.v4_2, false): try inLine4(part, &xml)
        case (.v4_2, true): try wrapper4(part, &xml)
        case (.v3_0, false): try inLine3(part, &xml)
        case (.v3_0, true): try wrapper3(part, &xml)
        }
        xml.end(isWrapper ? "Wrapper" : "InLine")
        xml.end("Ad")
    }

    private func require(_ kind: VASTPart.Kind, _ missing: VASTMissing) throws(VASTWriteError) {
        if !has(kind, of: ad) { throw .missing(missing, ad: adNumber) }
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func inLine4(_ part: VASTPart, _ xml: inout XMLWriter) throws(VASTWriteError) {
        if part.second.isEmpty { throw .missing(.adServingID, ad: adNumber) }
        shared4(&xml)
        text("AdServingId", part.second, &xml)
        text("AdTitle", part.third, &xml)
        verifications(&xml)
        texts("Advertiser", .advertiser, &xml, once: true)
        texts("Category", .category, authority: "authority", &xml)
        try require(.linear, .linear)
        try creatives(&xml)
        texts("Description", .description, &xml, once: true)
        if let at = next(.expires, of: ad, from: ad) {
            used += 1
            xml.open("Expires")
            xml.bytes.put(decimal: Int64(parts[at].number))
            xml.end("Expires")
        }
        urls("Survey", .survey, of: ad, &xml, once: true)
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func wrapper4(_ part: VASTPart, _ xml: inout XMLWriter) throws(VASTWriteError) {
        if part.second.isEmpty { throw .missing(.tag, ad: adNumber) }
        shared4(&xml)
        verifications(&xml)
        texts("BlockedAdCategories", .blockedCategory, authority: "authority", &xml)
        if has(.linear, of: ad) { try creatives(&xml) }
        url("VASTAdTagURI", part.second, &xml)
    }

    /// What stands first in both kinds of ad.
    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func shared4(_ xml: inout XMLWriter) {
        adSystem(&xml)
        urls("Error", .error, of: ad, &xml)
        extensions(&xml)
        urls("Impression", .impression, of: ad, &xml)
        pricing(&xml)
        guard has(.viewable, of: ad) || has(.notViewable, of: ad) || has(.viewUndetermined, of: ad) else {
            return
        }
        xml.open("ViewableImpression")
        urls("Viewable", .viewable, of: ad, &xml)
        urls("NotViewable", .notViewable, of: ad, &xml)
        urls("ViewUndetermined", .viewUndetermined, of: ad, &xml)
        xml.end("ViewableImpression")
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func inLine3(_ part: VASTPart, _ xml: inout XMLWriter) throws(VASTWriteError) {
        adSystem(&xml)
        text("AdTitle", part.third, &xml)
        texts("Description", .description, &xml, once: true)
        texts("Advertiser", .advertiser, &xml, once: true)
        pricing(&xml)
        urls("Survey", .survey, of: ad, &xml, once: true)
        urls("Error", .error, of: ad, &xml, once: true)
        urls("Impression", .impression, of: ad, &xml)
        try require(.linear, .linear)
        try creatives(&xml)
        extensions(&xml)
    }

    @_lifetime(self: copy self)
    @_lifetime(xml: copy xml)
    private mutating func wrapper3(_ part: VASTPart, _ xml: inout XMLWriter) throws(VASTWriteError) {
        if part.second.isEmpty { throw .missing(.tag, ad: adNumber) }
        adSystem(&xml)
        url("VASTAdTagURI", part.second, &xml)
        urls("Error", .error, of: ad, &xml, once: true)
        // A wrapper's impressions have no attributes in this version.
        urls("Impression", .impression, of: ad, &xml, named: false)
        try creatives(&xml)
        extensions(&xml)
    }
}
