// Our own macros in the catalog's tracker addresses. Those of VAST are the player's to fill in, those of OpenRTB the
// exchange's; what has no meaning here is left as it is.
internal import Catalog
internal import OpenRTB
internal import Units

/// What the macros of one ad stand for. Ids and numbers have no character that an address would have to escape.
struct TrackerNames {
    let candidate: RankedCandidate
    let ad: HexNumber

    init(_ win: Win, _ ad: HexNumber) {
        candidate = win.candidate
        self.ad = ad
    }
}

/// `[PACELINE_AD]` and its kin.
enum TrackerMacro: CaseIterable {
    case ad, campaign, lineItem, creative

    static let opening: StaticString = "[PACELINE_"

    /// What stands behind the opening.
    var rest: StaticString {
        switch self {
        case .ad: "AD]"
        case .campaign: "CAMPAIGN]"
        case .lineItem: "LINEITEM]"
        case .creative: "CREATIVE]"
        }
    }
}

extension MarkupWriting {
    /// The address with our macros replaced.
    mutating func address(
        _ url: CatalogText, _ names: TrackerNames, _ snapshot: CatalogSnapshot
    ) -> VASTText {
        let bytes = snapshot.bytes(url)
        var (text, written, at) = (VASTText.none, 0, 0)
        while at < bytes.byteCount {
            // Nearly all addresses have no bracket at all.
            guard bytes.byte(at) == UInt8(ascii: "["), bytes.has(TrackerMacro.opening, at: at),
                let macro = bytes.macro(at: at + TrackerMacro.opening.utf8CodeUnitCount)
            else {
                at += 1
                continue
            }
            let piece = bytes.extracting(written..<at)
            if written == 0 { text = document.text(piece) } else { document.append(piece, to: &text) }
            switch macro {
            case .ad: document.append(names.ad.utf8.span.raw, to: &text)
            case .campaign:
                document.append(snapshot.bytes(snapshot.campaignID(names.candidate.campaign)), to: &text)
            case .lineItem:
                document.append(snapshot.bytes(snapshot.lineItemID(names.candidate.lineItem)), to: &text)
            case .creative:
                document.append(snapshot.bytes(snapshot.creativeID(names.candidate.creative)), to: &text)
            }
            at += TrackerMacro.opening.utf8CodeUnitCount + macro.rest.utf8CodeUnitCount
            written = at
        }
        if written == 0 { return document.text(bytes) }
        document.append(bytes.extracting(written..<bytes.byteCount), to: &text)
        return text
    }
}

extension RawSpan {
    /// Whether the literal stands at this place.
    fileprivate func has(_ literal: StaticString, at start: Int) -> Bool {
        guard start + literal.utf8CodeUnitCount <= byteCount else { return false }
        for at in 0..<literal.utf8CodeUnitCount where byte(start + at) != (unsafe literal.utf8Start[at]) {
            return false
        }
        return true
    }

    fileprivate func macro(at start: Int) -> TrackerMacro? {
        // In a debug build a loop over all cases would allocate.
        if has(TrackerMacro.ad.rest, at: start) { return .ad }
        if has(TrackerMacro.campaign.rest, at: start) { return .campaign }
        if has(TrackerMacro.lineItem.rest, at: start) { return .lineItem }
        if has(TrackerMacro.creative.rest, at: start) { return .creative }
        return nil
    }
}
