// A creative as the fleet would serve it to a few kinds of screens: the same decider as a node's decides one request of each, with a catalog
// of this creative alone. Its notices are signed with a key that nobody else has, so that they count nowhere. No media are fetched.
import Catalog
import Decision
import Documents
import Notices
import Units

struct CreativePreview: Sendable {
    /// A kind of screen: what its player says of itself.
    struct Screen: Sendable {
        let name: String
        let deviceType: Int
        let video: String
        let audio: String
    }

    static let screens = [
        Screen(
            name: "television", deviceType: 3,
            video:
                #""mimes": ["video/mp4", "application/x-mpegURL", "application/vnd.apple.mpegurl", "application/dash+xml"], "w": 1920, "h": 1080"#,
            audio: #""mimes": ["audio/mpeg", "audio/mp4", "audio/aac"]"#),
        Screen(
            name: "phone", deviceType: 4,
            video:
                #""mimes": ["video/mp4", "application/x-mpegURL", "application/vnd.apple.mpegurl"], "w": 1280, "h": 720, "maxbitrate": 4000"#,
            audio: #""mimes": ["audio/mpeg", "audio/mp4", "audio/aac"], "maxbitrate": 192"#),
        Screen(
            name: "browser", deviceType: 2,
            video: #""mimes": ["video/mp4", "video/webm"], "w": 1280, "h": 720, "maxbitrate": 8000"#,
            audio: #""mimes": ["audio/mpeg", "audio/mp4", "audio/ogg"]"#),
    ]

    /// Where notices of a preview would go: a name that is nobody's.
    static let noticeBase = "https://notices.example"

    private let creative: JSONTree
    private let advertiser: JSONTree

    init(_ creative: JSONTree, _ advertiser: JSONTree) {
        (self.creative, self.advertiser) = (creative, advertiser)
    }

    func tree(at now: Instant) throws(CatalogProblems) -> JSONTree {
        let bytes = try CatalogDocuments.compile(file)
        guard let snapshot = try? CatalogSnapshot(copying: bytes) else {
            preconditionFailure("a catalog was compiled and is none")
        }
        let settings = Self.settings(at: now)
        var decider = Decider(DecisionIndex(snapshot, settings), settings: settings)
        let format = creative["format"]?.text ?? "video"
        return [
            "creative": creative, "notices": .string(Self.noticeBase),
            "screens": .array(
                Self.screens.map { screen in
                    Self.served(request(format, screen), format, at: now, &decider).setting(
                        "screen", to: .string(screen.name))
                }),
        ]
    }

    private static func settings(at now: Instant) -> DecisionSettings {
        var settings = DecisionSettings()
        var seeds = SystemRandomNumberGenerator()
        let secret = (0..<NoticeKey.byteCount).map { _ in UInt8.random(in: 0...255, using: &seeds) }
        if let key = NoticeKey(secret: secret.span.bytes, made: now) {
            settings.notices = NoticeAddresses(base: noticeBase, keyID: key.id, lifetime: .seconds(3_600))?
                .signed(with: key, shard: 0)
        }
        return settings
    }

    private static func served(
        _ request: String, _ format: String, at now: Instant, _ decider: inout Decider
    ) -> JSONTree {
        let bytes = Array(request.utf8)
        do {
            let decision = try decider.decide(
                bytes.span.bytes, at: now, seed: 1, format: format == "banner" ? .openrtb : .vast,
                explains: true)
            guard decision.isBid else {
                return [
                    "markup": .null,
                    "why": .string(decider.report?.lineItems.first?.reason ?? "nothing is served"),
                ]
            }
            let answer = decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            guard format == "banner" else { return ["markup": .string(answer), "why": .null] }
            let tree = try? JSONTree(reading: Array(answer.utf8))
            let bid = tree?["seatbid"]?.elements.first?["bid"]?.elements.first
            return ["markup": .string(bid?["adm"]?.text ?? answer), "why": .null]
        } catch {
            return ["markup": .null, "why": .string("\(error)")]
        }
    }

    // MARK: What it is decided with

    /// Whatever its review says, so that it is seen before it is approved.
    private var file: JSONTree {
        let campaign: JSONTree = [
            "id": "preview", "advertiser": advertiser["id"] ?? .null, "name": "preview", "goal": "cpm",
            "goalValue": 1_000,
            "flight": ["start": "2000-01-01T00:00:00Z", "end": "2200-01-01T00:00:00Z"],
            "lifetimeBudget": 1_000, "pacing": "asap",
        ]
        return [
            "advertisers": [advertiser], "campaigns": [campaign],
            "creatives": [creative.setting("audit", to: "approved")],
            "lineItems": [
                [
                    "id": "preview", "campaign": "preview", "name": "preview", "bid": 1_000,
                    "creatives": [creative["id"] ?? .null],
                ]
            ],
        ]
    }

    private func request(_ format: String, _ screen: Screen) -> String {
        let milliseconds = creative["durationMilliseconds"]?.whole ?? 0
        let (least, most) = (max(1, milliseconds / 1_000), milliseconds / 1_000 + 1)
        let place =
            switch format {
            case "audio":
                #""audio": {\#(screen.audio), "protocols": [3, 7, 8, 11, 13], "minduration": \#(least), "maxduration": \#(most)}"#
            case "banner":
                #""banner": {"w": \#(size("width")), "h": \#(size("height"))}"#
            default:
                #""video": {\#(screen.video), "protocols": [3, 7, 8, 11, 13], "linearity": 1, "startdelay": 0, "minduration": \#(least), "maxduration": \#(most)}"#
            }
        return
            #"{"id": "preview", "at": 1, "test": 1, "cur": ["USD"], "imp": [{"id": "1", "secure": \#(isSecure ? 1 : 0), \#(place)}], "app": {"id": "preview"}, "device": {"devicetype": \#(screen.deviceType), "ip": "192.0.2.1"}}"#
    }

    private func size(_ side: String) -> Int { creative["mediaFiles"]?.elements.first?[side]?.whole ?? 0 }

    /// Exchanges nearly always ask for it; a creative that has plain addresses is still shown here.
    private var isSecure: Bool { !creative.line.contains("\"http://") }
}

extension JSONTree {
    fileprivate var whole: Int? { if case .number(let text) = content { Int(text) } else { nil } }
}
