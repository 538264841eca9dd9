// The parts of a creative: files, who measures, an identity, and whom to tell.
public import Documents

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

extension MediaFile {
    var isImage: Bool { mime.hasPrefix("image/") }
    var isPage: Bool { mime == "text/html" }
}

/// Somebody's script that the player runs beside the ad: VAST's AdVerifications.
public struct AdVerification: DocumentObject, Equatable {
    public var vendor = ""
    public var javaScript = ""
    public var apiFramework = "omid"
    public var browserOptional = true
    public var parameters: String?
    public var notExecuted: [String] = []

    public init() {}

    package static let schema = Schema<Self>(
        "ad verification",
        [
            .required("vendor", \.vendor, .words, "Who measures, as in company.com-omid."),
            .required("javaScript", \.javaScript, .address, "The script. Macros as in trackers."),
            .defaulted(
                "apiFramework", \.apiFramework, .words,
                "What the script speaks with: omid is Open Measurement."),
            .defaulted(
                "browserOptional", \.browserOptional, .bool, "Whether it also runs outside of a browser."),
            .optional(
                "parameters", \.parameters, .parameters, "What the script is told, in whatever form it wants."
            ),
            .defaulted(
                "notExecuted", \.notExecuted, .list(of: .address, count: 0...4),
                "What is fetched where the script could not run; [REASON] is filled in by the player."),
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
                "What is fetched then. Macros are filled in by who knows them: docs/serving.md."
            ),
        ])
}
