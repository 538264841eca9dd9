// An ad as VAST: what the catalog says of a creative, its files or another server's tag, its trackers and who measures.
internal import Catalog
internal import OpenRTB
internal import Units

/// Puts ads into a document that it keeps for all requests.
struct MarkupWriting: ~Copyable {
    var document = VASTDocument()
    var bytes = DecisionBytes(DecisionWorkspace.markupBytesMost)
    /// Of the ad at hand.
    var macros: AdMacros
    /// The last document has nothing of its answer but the ad's number and token: see `MarkupTemplates`.
    private(set) var isOfItsKey = true

    init(seat: [UInt8]) { macros = AdMacros(seat: seat) }

    /// Adds an ad to the document. `sequence` is its place in a pod, 0 for none.
    mutating func add(
        _ win: Win, sequence: Int, _ snapshot: CatalogSnapshot, _ known: KnownDemand,
        _ notices: borrowing NoticeWriting, _ request: borrowing BidRequest
    ) {
        let creative = snapshot.creativeRow(win.candidate.creative)
        let creativeID = text(snapshot.creativeID(win.candidate.creative), snapshot)
        if let tag = creative.tag {
            document.beginWrapper(
                id: creativeID, sequence: sequence, tag: address(tag, snapshot, notices, request))
        } else {
            let adServing = document.text(macros.facts.ad.utf8.span.raw)
            document.beginInLine(
                id: creativeID, sequence: sequence, adServingID: adServing,
                title: text(creative.name, snapshot))
        }
        document.adSystem(document.text("Paceline"))
        addTrackersOfAd(creative, snapshot, notices, request)
        for place in creative.verifications { addVerification(place, snapshot, notices, request) }
        if creative.tag == nil {
            document.advertiser(text(snapshot.advertiserName(win.candidate.advertiser), snapshot))
            addCategories(creative, snapshot)
        }
        document.beginLinear(milliseconds: creative.milliseconds, id: creativeID)
        if creative.tag == nil {
            // The specification's own word where an ad has no such identity.
            let unknown = document.text("unknown")
            document.universalAdID(
                creative.universalValue.map { text($0, snapshot) } ?? unknown,
                registry: creative.universalRegistry.map { text($0, snapshot) } ?? unknown)
        }
        addTrackersOfCreative(creative, snapshot, notices, request)
        addNoticesOfCreative(notices)
        if let page = creative.clickThrough { document.clickThrough(text(page, snapshot)) }
        for row in creative.media where !win.needsHTTPS || known.files[row].isSecure {
            addMedia(row, snapshot, known)
        }
    }

    private mutating func text(_ text: CatalogText, _ snapshot: CatalogSnapshot) -> VASTText {
        document.text(snapshot.bytes(text))
    }

    /// The address with our macros replaced.
    private mutating func address(
        _ url: CatalogText, _ snapshot: CatalogSnapshot, _ notices: borrowing NoticeWriting,
        _ request: borrowing BidRequest
    ) -> VASTText {
        let bytes = snapshot.bytes(url)
        guard var found = macros.next(in: bytes, from: 0) else { return document.text(bytes) }
        var text = document.text(bytes.extracting(0..<found.at))
        while true {
            if found.macro.isOfAnswer { isOfItsKey = false }
            let value = macros.value(of: found.macro, snapshot, notices, request)
            document.append(value, to: &text)
            let end = found.at + found.length
            guard let next = macros.next(in: bytes, from: end) else {
                document.append(bytes.extracting(end..<bytes.byteCount), to: &text)
                return text
            }
            document.append(bytes.extracting(end..<next.at), to: &text)
            found = next
        }
    }

    private mutating func addCategories(_ creative: CreativeRow, _ snapshot: CatalogSnapshot) {
        guard !creative.categories.isEmpty else { return }
        let authority = document.text("https://iabtechlab.com")
        for place in creative.categories {
            document.category(text(snapshot.category(at: place), snapshot), authority: authority)
        }
    }

    private mutating func addVerification(
        _ place: Int, _ snapshot: CatalogSnapshot, _ notices: borrowing NoticeWriting,
        _ request: borrowing BidRequest
    ) {
        let one = snapshot.verification(at: place)
        document.beginVerification(vendor: text(one.vendor, snapshot))
        document.javaScript(
            address(one.script, snapshot, notices, request), apiFramework: text(one.framework, snapshot),
            browserOptional: one.isBrowserOptional)
        for at in one.trackers {
            document.verificationNotExecuted(
                address(snapshot.verificationTracker(at: at), snapshot, notices, request))
        }
        if let parameters = one.parameters { document.verificationParameters(text(parameters, snapshot)) }
    }

    private mutating func addTrackersOfAd(
        _ creative: CreativeRow, _ snapshot: CatalogSnapshot, _ notices: borrowing NoticeWriting,
        _ request: borrowing BidRequest
    ) {
        var impressions = notices.isSigned ? 1 : 0
        for place in creative.trackers {
            let tracker = snapshot.tracker(at: place)
            switch tracker.event {
            case 0:
                document.impression(address(tracker.url, snapshot, notices, request))
                impressions += 1
            case 7: document.error(address(tracker.url, snapshot, notices, request))
            default: break
            }
        }
        addNoticesOfAd(notices)
        // VAST demands the element; this is the address that fetches nothing.
        if impressions == 0 { document.impression(document.text("about:blank")) }
    }

    private mutating func addTrackersOfCreative(
        _ creative: CreativeRow, _ snapshot: CatalogSnapshot, _ notices: borrowing NoticeWriting,
        _ request: borrowing BidRequest
    ) {
        for place in creative.trackers {
            let tracker = snapshot.tracker(at: place)
            let event: VASTEvent
            // The places of the cases of `Tracker.Event`.
            switch tracker.event {
            case 1: event = .start
            case 2: event = .firstQuartile
            case 3: event = .midpoint
            case 4: event = .thirdQuartile
            case 5: event = .complete
            case 6:
                document.clickTracking(address(tracker.url, snapshot, notices, request))
                continue
            default: continue
            }
            document.tracking(event, address(tracker.url, snapshot, notices, request))
        }
    }

    private mutating func addMedia(_ row: Int, _ snapshot: CatalogSnapshot, _ known: KnownDemand) {
        let media = snapshot.mediaRow(row)
        var file = VASTMediaFile()
        file.url = text(media.url, snapshot)
        file.type = text(media.mime, snapshot)
        file.kind = known.files[row].kind
        file.isStreaming = media.isStreaming
        (file.width, file.height, file.bitrateKbps) = (media.width, media.height, media.kilobits)
        if let codec = media.codec { file.codec = text(codec, snapshot) }
        document.mediaFile(file)
    }

    /// One ad's document in `bytes`; its length, or nil where it cannot be written.
    mutating func write(
        _ win: Win, _ snapshot: CatalogSnapshot, _ known: KnownDemand,
        _ notices: borrowing NoticeWriting, _ request: borrowing BidRequest
    ) -> Int? {
        document.reset(win.version)
        isOfItsKey = true
        add(win, sequence: 0, snapshot, known, notices, request)
        do throws(VASTWriteError) {
            return try document.write(into: unsafe bytes.writable(), for: win.device).byteCount
        } catch { return nil }
    }
}
