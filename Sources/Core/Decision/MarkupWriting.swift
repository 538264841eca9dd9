// An ad as VAST: what the catalog says of a creative, its files and its trackers.
internal import Catalog
internal import OpenRTB
internal import Units

/// Sixteen hexadecimal digits for a number.
public struct HexNumber: Sendable {
    private var digits = InlineArray<16, UInt8>(repeating: 0)

    init(_ number: UInt64) {
        for place in 0..<16 {
            let digit = UInt8(number >> UInt64(60 - 4 * place) & 15)
            digits[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
    }

    public var utf8: UTF8Span {
        @_lifetime(borrow self) borrowing get { unsafe UTF8Span(unchecked: digits.span) }
    }
}

/// Puts ads into a document that it keeps for all requests.
struct MarkupWriting: ~Copyable {
    var document = VASTDocument()
    var bytes = DecisionBytes(DecisionWorkspace.markupBytesMost)

    /// Adds an ad to the document. `sequence` is its place in a pod, 0 for none.
    mutating func add(
        _ win: Win, sequence: Int, id: HexNumber, _ snapshot: CatalogSnapshot, _ known: KnownDemand,
        _ notices: borrowing NoticeWriting
    ) {
        let creative = snapshot.creativeRow(win.candidate.creative)
        let creativeID = text(snapshot.creativeID(win.candidate.creative), snapshot)
        let adServing = document.text(id.utf8.span.raw)
        document.beginInLine(
            id: creativeID, sequence: sequence, adServingID: adServing, title: text(creative.name, snapshot))
        document.adSystem(document.text("Paceline"))
        let names = TrackerNames(win, id)
        addTrackersOfAd(creative, names, snapshot, notices)
        document.advertiser(text(snapshot.advertiserName(win.candidate.advertiser), snapshot))
        if !creative.categories.isEmpty {
            let authority = document.text("https://iabtechlab.com")
            for place in creative.categories {
                document.category(text(snapshot.category(at: place), snapshot), authority: authority)
            }
        }
        document.beginLinear(milliseconds: creative.milliseconds, id: creativeID)
        // The specification's own word where an ad has no such identity.
        let unknown = document.text("unknown")
        document.universalAdID(
            creative.universalValue.map { text($0, snapshot) } ?? unknown,
            registry: creative.universalRegistry.map { text($0, snapshot) } ?? unknown)
        addTrackersOfCreative(creative, names, snapshot)
        addNoticesOfCreative(notices)
        if let page = creative.clickThrough { document.clickThrough(text(page, snapshot)) }
        for row in creative.media where !win.needsHTTPS || known.files[row].isSecure {
            addMedia(row, snapshot, known)
        }
    }

    private mutating func text(_ text: CatalogText, _ snapshot: CatalogSnapshot) -> VASTText {
        document.text(snapshot.bytes(text))
    }

    private mutating func addTrackersOfAd(
        _ creative: CreativeRow, _ names: TrackerNames, _ snapshot: CatalogSnapshot,
        _ notices: borrowing NoticeWriting
    ) {
        var impressions = notices.isSigned ? 1 : 0
        for place in creative.trackers {
            let tracker = snapshot.tracker(at: place)
            switch tracker.event {
            case 0:
                document.impression(address(tracker.url, names, snapshot))
                impressions += 1
            case 7: document.error(address(tracker.url, names, snapshot))
            default: break
            }
        }
        addNoticesOfAd(notices)
        // VAST demands the element; this is the address that fetches nothing.
        if impressions == 0 { document.impression(document.text("about:blank")) }
    }

    private mutating func addTrackersOfCreative(
        _ creative: CreativeRow, _ names: TrackerNames, _ snapshot: CatalogSnapshot
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
                document.clickTracking(address(tracker.url, names, snapshot))
                continue
            default: continue
            }
            document.tracking(event, address(tracker.url, names, snapshot))
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
        _ win: Win, id: HexNumber, _ snapshot: CatalogSnapshot, _ known: KnownDemand,
        _ notices: borrowing NoticeWriting
    ) -> Int? {
        document.reset(win.version)
        add(win, sequence: 0, id: id, snapshot, known, notices)
        do throws(VASTWriteError) {
            return try document.write(into: unsafe bytes.writable(), for: win.device).byteCount
        } catch { return nil }
    }
}
