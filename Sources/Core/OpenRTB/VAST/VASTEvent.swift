// What a player reports while it plays an ad, by the names of both versions, and the macros that it replaces
// in the addresses it reports to.

/// An event of a linear ad. Version 3.0 knows some of them by other names, and some not at all.
public enum VASTEvent: UInt8, Hashable, Sendable, CaseIterable {
    case loaded, creativeView, start, firstQuartile, midpoint, thirdQuartile, complete
    case mute, unmute, pause, resume, rewind, skip, progress
    case playerExpand, playerCollapse, closeLinear, acceptInvitation
    case adExpand, adCollapse, minimize, close, overlayViewDuration, otherAdInteraction, interactiveStart

    /// Its name, or nil where the version has none for it.
    func name(in version: VASTVersion) -> StaticString? {
        switch self {
        case .creativeView: "creativeView"
        case .start: "start"
        case .firstQuartile: "firstQuartile"
        case .midpoint: "midpoint"
        case .thirdQuartile: "thirdQuartile"
        case .complete: "complete"
        case .mute: "mute"
        case .unmute: "unmute"
        case .pause: "pause"
        case .resume: "resume"
        case .rewind: "rewind"
        case .skip: "skip"
        case .progress: "progress"
        case .closeLinear: "closeLinear"
        case .acceptInvitation: "acceptInvitation"
        case .close: "close"
        case .playerExpand: version == .v4_2 ? "playerExpand" : "fullscreen"
        case .playerCollapse: version == .v4_2 ? "playerCollapse" : "exitFullscreen"
        case .adExpand: version == .v4_2 ? "adExpand" : "expand"
        case .adCollapse: version == .v4_2 ? "adCollapse" : "collapse"
        case .loaded: version == .v4_2 ? "loaded" : nil
        case .minimize: version == .v4_2 ? "minimize" : nil
        case .overlayViewDuration: version == .v4_2 ? "overlayViewDuration" : nil
        case .otherAdInteraction: version == .v4_2 ? "otherAdInteraction" : nil
        case .interactiveStart: version == .v4_2 ? "interactiveStart" : nil
        }
    }
}

/// A placeholder in an address, which the player replaces when it asks for it.
public enum VASTMacro: UInt8, Hashable, Sendable, CaseIterable {
    case errorCode, cacheBusting, timestamp, contentPlayhead, adPlayhead, mediaPlayhead, assetURI
    case podSequence, adCount, transactionID, placementType, breakPosition, playerState, universalAdID
    case adServingID, adCategories, blockedAdCategories, reason, regulations, limitAdTracking, gdprConsent

    public var text: StaticString {
        switch self {
        case .errorCode: "[ERRORCODE]"
        case .cacheBusting: "[CACHEBUSTING]"
        case .timestamp: "[TIMESTAMP]"
        case .contentPlayhead: "[CONTENTPLAYHEAD]"
        case .adPlayhead: "[ADPLAYHEAD]"
        case .mediaPlayhead: "[MEDIAPLAYHEAD]"
        case .assetURI: "[ASSETURI]"
        case .podSequence: "[PODSEQUENCE]"
        case .adCount: "[ADCOUNT]"
        case .transactionID: "[TRANSACTIONID]"
        case .placementType: "[PLACEMENTTYPE]"
        case .breakPosition: "[BREAKPOSITION]"
        case .playerState: "[PLAYERSTATE]"
        case .universalAdID: "[UNIVERSALADID]"
        case .adServingID: "[ADSERVINGID]"
        case .adCategories: "[ADCATEGORIES]"
        case .blockedAdCategories: "[BLOCKEDADCATEGORIES]"
        case .reason: "[REASON]"
        case .regulations: "[REGULATIONS]"
        case .limitAdTracking: "[LIMITADTRACKING]"
        case .gdprConsent: "[GDPRCONSENT]"
        }
    }
}
