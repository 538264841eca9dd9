// What is shown: creatives, with the files and trackers that a player is given.
public import Documents

public struct Creative: CatalogEntity {
    public enum Format: String, CaseIterable, Sendable { case video, audio, banner }
    public enum Audit: String, CaseIterable, Sendable { case pending, approved, rejected }

    public var id = ""
    public var advertiser = ""
    public var name = ""
    public var format = Format.video
    public var durationMilliseconds = 0
    public var mediaFiles: [MediaFile] = []
    /// Numbers of the OpenRTB list of creative attributes.
    public var attributes: [Int] = []
    public var categories: [String] = []
    /// The advertised app, as stores call it.
    public var bundles: [String] = []
    public var language: String?
    public var clickThrough: String?
    public var universalID: UniversalID?
    public var trackers: [Tracker] = []
    public var audit = Audit.pending

    public init() {}

    package static let schema = Schema<Self>(
        "creative",
        [
            .required("id", \.id, .identifier, "What line items and answers call it."),
            .required("advertiser", \.advertiser, .identifier, "The id of the advertiser it is for."),
            .required("name", \.name, .words, "For people, and the ad's title."),
            .defaulted("format", \.format, .choice, "What kind of slot it fills."),
            .defaulted(
                "durationMilliseconds", \.durationMilliseconds, .integer(0...3_600_000, unit: "milliseconds"),
                "How long it plays; 0 for a banner."),
            .required(
                "mediaFiles", \.mediaFiles, .list(of: .object, count: 1...32),
                "The same ad in several encodings, of which a player takes one."),
            .defaulted(
                "attributes", \.attributes, .list(of: .integer(1...65_535), count: 0...32),
                "OpenRTB's creative attributes, by number, which exchanges block by."),
            .defaulted(
                "categories", \.categories, .list(of: .words, count: 0...64),
                "Content categories of the ad, as exchanges write them: IAB2-3."),
            .defaulted(
                "bundles", \.bundles, .list(of: .words, count: 0...8),
                "The app that the ad is for, as each store calls it: what exchanges block apps by. The first is in bids."
            ),
            .optional("language", \.language, .words, "The language spoken, as in en or pt-BR."),
            .optional("clickThrough", \.clickThrough, .address, "Where a click leads."),
            .optional(
                "universalID", \.universalID, .object, "The ad's identity across systems, as in Ad-ID."),
            .defaulted(
                "trackers", \.trackers, .list(of: .object, count: 0...64),
                "Addresses of others that hear of this ad's events."),
            .defaulted("audit", \.audit, .choice, "Only an approved creative is ever shown."),
        ],
        rules: [
            Rule("`durationMilliseconds` is more than 0 for video and audio, and 0 for a banner.") {
                creative, objections in
                if (creative.durationMilliseconds == 0) != (creative.format == .banner) {
                    objections.refuse(
                        "durationMilliseconds", found: "\(creative.durationMilliseconds)",
                        allowed: creative.format == .banner
                            ? "0 for a banner" : "more than 0 for \(creative.format.rawValue)")
                }
            }
        ])
}

public struct MediaFile: DocumentObject, Equatable {
    public enum Delivery: String, CaseIterable, Sendable { case progressive, streaming }

    public var url = ""
    public var mime = ""
    public var codec: String?
    public var delivery = Delivery.progressive
    public var width = 0
    public var height = 0
    public var bitrateKilobits = 0
    public var sizeBytes: Int64 = 0

    public init() {}

    package static let schema = Schema<Self>(
        "media file",
        [
            .required("url", \.url, .address, "Where the player fetches it."),
            .required("mime", \.mime, .words, "Its type: video/mp4."),
            .optional("codec", \.codec, .words, "Its codec, as in avc1.640028."),
            .defaulted("delivery", \.delivery, .choice, "A file, or a stream such as HLS."),
            .defaulted("width", \.width, .integer(0...16_384, unit: "pixels"), "0 for audio."),
            .defaulted("height", \.height, .integer(0...16_384, unit: "pixels"), "0 for audio."),
            .defaulted(
                "bitrateKilobits", \.bitrateKilobits, .integer(0...1_000_000, unit: "kilobits per second"),
                "0 where it is not known."),
            .defaulted(
                "sizeBytes", \.sizeBytes, .integer(0...1_099_511_627_776, unit: "bytes"),
                "0 where it is not known."),
        ])
}

public struct UniversalID: DocumentObject, Equatable {
    public var registry = ""
    public var value = ""

    public init() {}

    package static let schema = Schema<Self>(
        "universal id",
        [
            .required("registry", \.registry, .words, "Who gave it: ad-id.org."),
            .required("value", \.value, .words, "The id there."),
        ])
}

public struct Tracker: DocumentObject, Equatable {
    public enum Event: String, CaseIterable, Sendable {
        case impression, start, firstQuartile, midpoint, thirdQuartile, complete, click, error
    }

    public var event = Event.impression
    public var url = ""

    public init() {}

    package static let schema = Schema<Self>(
        "tracker",
        [
            .required("event", \.event, .choice, "What happened."),
            .required(
                "url", \.url, .address,
                "What is fetched then. [PACELINE_AD], [PACELINE_CAMPAIGN], [PACELINE_LINEITEM] and [PACELINE_CREATIVE] are filled in here, other macros by players and exchanges."
            ),
        ])
}
