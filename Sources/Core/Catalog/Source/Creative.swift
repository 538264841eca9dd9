// What is shown: creatives, with the files and trackers that a player is given.
package import Documents

public struct Creative: CatalogEntity {
    public enum Format: String, CaseIterable, Sendable { case video, audio, banner }
    public enum Audit: String, CaseIterable, Sendable { case pending, approved, rejected }

    public var id = ""
    public var advertiser = ""
    public var name = ""
    public var format = Format.video
    public var durationMilliseconds = 0
    public var mediaFiles: [MediaFile] = []
    /// Where another server has the ad, instead of files of our own.
    public var vastTag: String?
    public var adVerifications: [AdVerification] = []
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
            .defaulted(
                "mediaFiles", \.mediaFiles, .list(of: .object, count: 0...32),
                "The same ad in several encodings, of which a player takes one; of a banner, in several sizes."
            ),
            .optional(
                "vastTag", \.vastTag, .address,
                "Instead of mediaFiles: the VAST of another server, which the player is sent to. Macros as in trackers."
            ),
            .defaulted(
                "adVerifications", \.adVerifications, .list(of: .object, count: 0...8),
                "Who measures the ad while it plays."),
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
            },
            Rule("Either `mediaFiles` or a `vastTag` says what is shown; a banner has `mediaFiles`.") {
                $0.checkContent(&$1)
            },
            Rule(
                "A `vastTag` stands without `clickThrough` and `universalID`: the other server's ad has its own."
            ) { creative, objections in
                guard creative.vastTag != nil else { return }
                if creative.clickThrough != nil {
                    objections.refuse(
                        "clickThrough", found: "a clickThrough beside a vastTag",
                        allowed: "none: where a click leads is the other server's")
                }
                if creative.universalID != nil {
                    objections.refuse(
                        "universalID", found: "a universalID beside a vastTag",
                        allowed: "none: the other server's ad has its own")
                }
            },
            Rule(
                "A banner's files are images or HTML pages with their `width` and `height`; its trackers are of impressions and clicks; it has no `adVerifications`."
            ) { if $0.format == .banner { $0.checkBanner(&$1) } },
        ])

    private func checkContent(_ objections: inout Objections) {
        switch (mediaFiles.isEmpty, vastTag) {
        case (true, nil):
            objections.refuse(
                "mediaFiles", found: "neither files nor a vastTag",
                allowed: format == .banner ? "1 to 32 files" : "1 to 32 files, or a vastTag")
        case (false, .some):
            objections.refuse("vastTag", found: "a vastTag beside mediaFiles", allowed: "one of the two")
        case (true, .some) where format == .banner:
            objections.refuse("vastTag", found: "a vastTag for a banner", allowed: "mediaFiles")
        default: break
        }
    }

    private func checkBanner(_ objections: inout Objections) {
        for (index, file) in mediaFiles.enumerated() {
            if !file.isImage, !file.isPage {
                objections.refuse(
                    "mediaFiles[\(index)].mime", found: "\"\(file.mime)\"",
                    allowed: "image/… or text/html, which a banner can be made of")
            }
            if file.width == 0 || file.height == 0 {
                objections.refuse(
                    "mediaFiles[\(index)].\(file.width == 0 ? "width" : "height")", found: "0",
                    allowed: "the size in pixels, by which a slot takes it")
            }
        }
        for (index, tracker) in trackers.enumerated()
        where tracker.event != .impression && tracker.event != .click {
            objections.refuse(
                "trackers[\(index)].event", found: "\"\(tracker.event.rawValue)\" of a banner",
                allowed: "\"impression\" or \"click\"")
        }
        if !adVerifications.isEmpty {
            objections.refuse(
                "adVerifications", found: "verifications of a banner",
                allowed: "none: they are a part of VAST")
        }
    }
}
