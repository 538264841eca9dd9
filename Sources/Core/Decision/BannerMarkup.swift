// A banner as HTML: an image that leads to the page of the ad, or a frame with a page of its own, and a pixel for each
// who counts.
internal import Catalog
internal import Notices
internal import OpenRTB
internal import Units

/// What a banner's markup is, by OpenRTB's `btype`.
enum BannerKind {
    static let image: Int32 = 2
    static let frame: Int32 = 4
}

extension DecisionWorkspace {
    /// Among `Creative.Format`'s cases.
    static let banner: UInt8 = 2

    /// The first file of a creative that a slot takes: exactly one of its sizes, or of one of its ratios.
    mutating func bannerFile(
        of creative: KnownCreative, _ banner: Banner, needsHTTPS: Bool, _ request: borrowing BidRequest
    ) -> Int? {
        for row in creative.media.range where !needsHTTPS || demand.files[row].isSecure {
            let media = snapshot.mediaRow(row)
            let kind = snapshot.isPage(media) ? BannerKind.frame : BannerKind.image
            if has(request[banner.btype], kind) { continue }
            let mimes = request[banner.mimes]
            if !mimes.isEmpty, !names(mimes, snapshot.bytes(media.mime), request) { continue }
            if takes(banner, media, request) { return row }
        }
        return nil
    }

    /// That of an ad which was placed.
    mutating func bannerFile(of win: Win, _ request: borrowing BidRequest) -> Int? {
        guard let banner = request.imps[win.imp].banner else { return nil }
        let creative = demand.creatives[win.candidate.creative]
        return bannerFile(of: creative, banner, needsHTTPS: win.needsHTTPS, request)
    }

    private mutating func takes(_ banner: Banner, _ media: MediaRow, _ request: borrowing BidRequest) -> Bool
    {
        let formats = request[banner.format]
        for index in formats.indices {
            let format = formats[index]
            if let w = format.w, let h = format.h, Int(w) == media.width, Int(h) == media.height {
                return true
            }
            if let w = format.wratio, let h = format.hratio, media.width >= Int(format.wmin ?? 1),
                media.width * Int(h) == media.height * Int(w)
            {
                return true
            }
        }
        // Beside a list the banner's own size says what is preferred; without either, any will do.
        guard formats.isEmpty else { return false }
        return media.width == banner.w.map { Int($0) } ?? media.width
            && media.height == banner.h.map { Int($0) } ?? media.height
    }

    /// Whether the slot lets what grows beyond its place do so in some direction.
    mutating func mayExpand(_ creative: KnownCreative, _ banner: Banner, _ request: borrowing BidRequest)
        -> Bool
    {
        guard request[banner.expdir].isEmpty else { return true }
        for place in creative.attributes.range {
            // AdCOM's expandable ones: by itself, by a click, by a pointer above.
            if (3...5).contains(snapshot.attribute(inList: place)) { return false }
        }
        return true
    }

    private mutating func has(_ list: Span<Int32>, _ number: Int32) -> Bool {
        for index in list.indices where list[index] == number { return true }
        return false
    }

    private func names(_ list: Span<Text>, _ text: RawSpan, _ request: borrowing BidRequest) -> Bool {
        for index in list.indices where request[list[index]].isSame(text) { return true }
        return false
    }
}

extension CatalogSnapshot {
    /// An HTML page, and no image.
    func isPage(_ media: MediaRow) -> Bool {
        let (mime, page): (RawSpan, StaticString) = (bytes(media.mime), "text/html")
        guard mime.byteCount == page.utf8CodeUnitCount else { return false }
        for at in 0..<mime.byteCount where mime.byte(at) != (unsafe page.utf8Start[at]) { return false }
        return true
    }
}

extension MarkupWriting {
    /// One banner's HTML in `bytes`; its length, or nil where it does not fit.
    mutating func writeBanner(
        _ win: Win, file row: Int, _ snapshot: CatalogSnapshot, _ notices: borrowing NoticeWriting,
        _ request: borrowing BidRequest
    ) -> Int? {
        let creative = snapshot.creativeRow(win.candidate.creative)
        let media = snapshot.mediaRow(row)
        var html = unsafe ByteWriter(bytes.writable())
        if snapshot.isPage(media) {
            html.put("<iframe src=\"")
            put(media.url, snapshot, notices, request, &html)
            html.put("\" width=\"")
            html.put(decimal: Int64(media.width))
            html.put("\" height=\"")
            html.put(decimal: Int64(media.height))
            html.put("\" title=\"")
            html.put(html: snapshot.bytes(creative.name))
            html.put("\" scrolling=\"no\" style=\"border:0\"></iframe>")
        } else {
            let leads = beginLink(creative, snapshot, notices, request, &html)
            html.put("<img src=\"")
            put(media.url, snapshot, notices, request, &html)
            html.put("\" width=\"")
            html.put(decimal: Int64(media.width))
            html.put("\" height=\"")
            html.put(decimal: Int64(media.height))
            html.put("\" alt=\"")
            html.put(html: snapshot.bytes(creative.name))
            html.put("\" style=\"border:0\">")
            if leads { html.put("</a>") }
        }
        for place in creative.trackers {
            let tracker = snapshot.tracker(at: place)
            guard tracker.event == 0 else { continue }
            html.put(Self.pixel.before)
            put(tracker.url, snapshot, notices, request, &html)
            html.put(Self.pixel.after)
        }
        if notices.isSigned {
            html.put(Self.pixel.before)
            html.put(html: notices.address(.imp, notices.tailOfImpression).span.raw)
            html.put("&amp;f=gif")
            html.put(Self.pixel.after)
        }
        return html.fits ? html.count : nil
    }

    private static var pixel: (before: StaticString, after: StaticString) {
        ("<img src=\"", "\" width=\"1\" height=\"1\" alt=\"\" style=\"position:absolute\">")
    }

    /// A click leads to the page through our own notice, and pings who else wants to know. False without a page.
    @_lifetime(html: copy html)
    private func beginLink(
        _ creative: CreativeRow, _ snapshot: CatalogSnapshot, _ notices: borrowing NoticeWriting,
        _ request: borrowing BidRequest, _ html: inout ByteWriter
    ) -> Bool {
        guard let page = creative.clickThrough else { return false }
        html.put("<a href=\"")
        if notices.isSigned {
            html.put(html: notices.address(.click).span.raw)
        } else {
            html.put(html: snapshot.bytes(page))
        }
        html.put("\" target=\"_blank\" rel=\"noopener\"")
        var pings = 0
        for place in creative.trackers {
            let tracker = snapshot.tracker(at: place)
            // Clicks.
            guard tracker.event == 6 else { continue }
            html.put(pings == 0 ? " ping=\"" : " ")
            put(tracker.url, snapshot, notices, request, &html)
            pings += 1
        }
        if pings > 0 { html.put("\"") }
        html.put(">")
        return true
    }

    /// An address with our macros replaced, as an attribute's value.
    @_lifetime(html: copy html)
    private func put(
        _ url: CatalogText, _ snapshot: CatalogSnapshot, _ notices: borrowing NoticeWriting,
        _ request: borrowing BidRequest, _ html: inout ByteWriter
    ) {
        let bytes = snapshot.bytes(url)
        var written = 0
        while let found = macros.next(in: bytes, from: written) {
            html.put(html: bytes.extracting(written..<found.at))
            html.put(html: macros.value(of: found.macro, snapshot, notices, request))
            written = found.at + found.length
        }
        html.put(html: bytes.extracting(written..<bytes.byteCount))
    }
}

extension ByteWriter {
    @_lifetime(self: copy self)
    fileprivate mutating func put(html bytes: RawSpan) {
        for at in 0..<bytes.byteCount {
            switch bytes.byte(at) {
            case UInt8(ascii: "&"): put("&amp;")
            case UInt8(ascii: "<"): put("&lt;")
            case UInt8(ascii: ">"): put("&gt;")
            case UInt8(ascii: "\""): put("&quot;")
            case let byte: put(byte)
            }
        }
    }
}
