// What was understood of a bid request, on one screen or as one JSON object. Copies what it shows.
import OpenRTB
import Documents
import Units

struct RequestSummary {
    /// Longer texts and lists are cut off on the screen; the JSON has the counts.
    private static let longestText = 40
    private static let mostLines = 12

    struct Pod {
        var id: String
        var kind: String
        var sequence: Int32
        var slots: [Slot]
    }

    struct Slot {
        var imp: String
        var media: String
        var position: Int32
        var minSeconds: Int32
        var maxSeconds: Int32
        var exactSeconds: [Int32]
        var totalSeconds: Int32
        var maxAds: Int32
        var isDynamic: Bool
        var floor: Micros
        var floorPerSecond: Micros
        var floorsByDuration: Int
        var currency: String
    }

    struct Deal {
        var id: String
        var imp: String
        var floor: Micros
        var currency: String
        var isGuaranteed: Bool
    }

    var id: String
    var at: Int32
    var tmax: Int32?
    var isTest: Bool
    var currencies: [String]
    var inventory: [(String, String)]
    var device: [(String, String)]
    var imps: [(media: String, count: Int)]
    var pods: [Pod]
    var deals: [Deal]
    var consent: [(String, String)]
    var blocked: [(String, Int)]

    init(_ request: BidRequest) {
        func text(_ text: Text) -> String { String(copying: request.utf8(text)) }
        func facts(_ pairs: [(String, String)]) -> [(String, String)] { pairs.filter { !$0.1.isEmpty } }
        func flag(_ flag: Bool?) -> String { flag.map { $0 ? "1" : "0" } ?? "" }
        func bytes(_ text: Text) -> String { text.isEmpty ? "" : "\(text.byteCount) bytes" }

        id = text(request.id)
        at = request.at
        tmax = request.tmax
        isTest = request.test
        currencies = []
        let allowed = request[request.cur]
        for index in allowed.indices { currencies.append("\(allowed[index])") }

        let place = request.inventory
        inventory = facts([
            ("kind", place.kind == .unknown ? "" : "\(place.kind)"), ("id", text(place.id)),
            ("bundle", text(place.bundle)), ("domain", text(place.domain)),
            ("publisher", text(place.publisher.id)), ("content", text(place.content.id)),
            ("title", text(place.content.title)), ("genre", text(place.content.genre)),
            ("network", text(place.content.network.name)), ("channel", text(place.content.channel.name)),
        ])
        let seen = request.device
        device = facts([
            ("devicetype", seen.devicetype.map { "\($0)" } ?? ""), ("make", text(seen.make)),
            ("model", text(seen.model)), ("os", text(seen.os)), ("osv", text(seen.osv)),
            ("country", text(seen.geo.country)), ("region", text(seen.geo.region)),
        ])

        deals = []
        var media = [0, 0, 0, 0]
        let imps = request.imps
        for index in imps.indices {
            let imp = imps[index]
            let offered = [imp.video != nil, imp.audio != nil, imp.banner != nil, !imp.native.isEmpty]
            for kind in offered.indices where offered[kind] { media[kind] += 1 }
            let own = request[imp.deals]
            for index in own.indices {
                let deal = own[index]
                deals.append(
                    Deal(
                        id: text(deal.id), imp: text(imp.id), floor: deal.bidfloor,
                        currency: "\(deal.bidfloorcur)", isGuaranteed: deal.guar))
            }
        }
        self.imps = zip(["video", "audio", "banner", "native"], media).filter { $0.1 > 0 }.map { ($0, $1) }
        pods = Self.pods(of: request)

        let (regs, user) = (request.regs, request.user)
        consent = facts([
            ("coppa", flag(regs.coppa)), ("gdpr", flag(regs.gdpr)), ("consent", bytes(user.consent)),
            ("gpp", bytes(regs.gpp)), ("gpp_sid", regs.gppSid.isEmpty ? "" : "\(regs.gppSid.count) sections"),
            ("us_privacy", text(regs.usPrivacy)), ("lmt", flag(seen.lmt)), ("dnt", flag(seen.dnt)),
        ])
        blocked = [
            ("bcat", request.bcat.count), ("badv", request.badv.count), ("bapp", request.bapp.count),
            ("wseat", request.wseat.count), ("bseat", request.bseat.count),
        ].filter { $0.1 > 0 }
    }

    private static func pods(of request: BidRequest) -> [Pod] {
        var pods: [Pod] = []
        let (all, imps) = (request.pods, request.imps)
        for index in all.indices {
            let pod = all[index]
            var shown = Pod(
                id: String(copying: request.utf8(pod.id)), kind: "\(pod.kind)", sequence: pod.sequence,
                slots: [])
            let slots = request[pod.slots]
            for index in slots.indices {
                let slot = slots[index]
                let imp = imps[Int(slot.imp)]
                var exact: [Int32] = []
                let durations = request[slot.exactSeconds]
                for index in durations.indices { exact.append(durations[index]) }
                shown.slots.append(
                    Slot(
                        imp: String(copying: request.utf8(imp.id)), media: "\(slot.media)",
                        position: slot.position, minSeconds: slot.minSeconds, maxSeconds: slot.maxSeconds,
                        exactSeconds: exact, totalSeconds: slot.totalSeconds, maxAds: slot.maxAds,
                        isDynamic: slot.isDynamic, floor: slot.floor, floorPerSecond: slot.floorPerSecond,
                        floorsByDuration: slot.durationFloors.count, currency: "\(imp.bidfloorcur)"))
            }
            pods.append(shown)
        }
        return pods
    }
}

// On the screen.
extension RequestSummary {
    var lines: [String] {
        let auction =
            switch at {
            case AuctionType.firstPrice: "first price"
            case AuctionType.secondPricePlus: "second price"
            default: "auction type \(at)"
            }
        var lines = [
            "request   \(Self.quoted(id)), \(auction)" + (tmax.map { ", \($0) ms" } ?? "")
                + (isTest ? ", test" : "")
                + (currencies.isEmpty ? "" : ", \(Self.list(currencies))")
        ]
        if !inventory.isEmpty { lines.append("inventory \(Self.shown(inventory))") }
        if !device.isEmpty { lines.append("device    \(Self.shown(device))") }
        lines.append("imps      \(Self.list(imps.map { "\($0.count) \($0.media)" }))")
        lines += Self.first(pods.flatMap(Self.lines))
        lines += Self.first(
            deals.map { deal in
                let guaranteed = deal.isGuaranteed ? ", guaranteed" : ""
                return "deal      \(Self.quoted(deal.id)) on imp \(Self.quoted(deal.imp)), "
                    + "from \(deal.floor) \(deal.currency)\(guaranteed)"
            })
        lines.append("consent   \(consent.isEmpty ? "nothing said" : Self.shown(consent))")
        if !blocked.isEmpty { lines.append("lists     \(Self.list(blocked.map { "\($0.1) \($0.0)" }))") }
        return lines
    }

    private static func lines(_ pod: Pod) -> [String] {
        let name = pod.id.isEmpty ? pod.kind : "\(quoted(pod.id)) \(pod.kind)"
        let count = pod.slots.count
        // An imp that is no part of a break holds one ad, of whichever medium.
        let isOnePlace = pod.kind == "single" && count > 1
        let size =
            isOnePlace
            ? "one ad of \(pod.slots.map(\.media).joined(separator: " or "))"
            : "\(count) slot\(count == 1 ? "" : "s")"
        return ["pod       \(name), \(size)"]
            + first(pod.slots.map { "  imp \(quoted($0.imp)) \(line($0))" })
    }

    private static func line(_ slot: Slot) -> String {
        var words = [slot.media]
        let ad =
            slot.exactSeconds.isEmpty
            ? "\(slot.minSeconds)-\(slot.maxSeconds) s"
            : "\(list(slot.exactSeconds.map { "\($0)" })) s"
        if slot.media == "video" || slot.media == "audio" {
            words.append(
                slot.isDynamic ? "up to \(slot.maxAds) ads of \(ad) in \(slot.totalSeconds) s" : ad)
        }
        switch slot.position {
        case SlotInPod.any: break
        case SlotInPod.first: words.append("first")
        case SlotInPod.last: words.append("last")
        case SlotInPod.firstOrLast: words.append("first or last")
        default: words.append("slotinpod \(slot.position)")
        }
        words.append("from \(slot.floor) \(slot.currency)")
        if slot.floorPerSecond > .zero { words.append("\(slot.floorPerSecond) a second") }
        if slot.floorsByDuration > 0 { words.append("others by duration") }
        return words.joined(separator: ", ")
    }

    private static func shown(_ facts: [(String, String)]) -> String {
        facts.map { "\($0.0) \(quoted($0.1))" }.joined(separator: ", ")
    }

    private static func list(_ words: [String]) -> String {
        words.prefix(mostLines).joined(separator: ", ") + (words.count > mostLines ? ", …" : "")
    }

    private static func first(_ lines: [String]) -> [String] {
        lines.count <= mostLines
            ? lines : lines.prefix(mostLines) + ["          … and \(lines.count - mostLines) lines more"]
    }

    /// On one line, whatever a sender wrote.
    private static func quoted(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(longestText) {
            let isVisible = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            shown.unicodeScalars.append(isVisible ? scalar : "\u{FFFD}")
        }
        return text.unicodeScalars.count > longestText ? shown + "…" : shown
    }
}

// For programs.
extension RequestSummary {
    var tree: JSONTree {
        func object(_ facts: [(String, String)]) -> JSONTree {
            .object(facts.map { JSONTree.Member($0.0, .string($0.1)) })
        }
        return [
            "id": .string(id), "at": .number(at), "tmax": tmax.map { .number($0) } ?? .null,
            "test": .bool(isTest), "cur": .array(currencies.map { .string($0) }),
            "inventory": object(inventory), "device": object(device),
            "imps": .object(imps.map { JSONTree.Member($0.media, .number($0.count)) }),
            "pods": .array(pods.map(Self.tree)),
            "deals": .array(
                deals.map {
                    [
                        "id": .string($0.id), "imp": .string($0.imp),
                        "bidfloor": JSONTree(.number("\($0.floor)")),
                        "bidfloorcur": .string($0.currency), "guar": .bool($0.isGuaranteed),
                    ]
                }),
            "consent": object(consent),
            "lists": .object(blocked.map { JSONTree.Member($0.0, .number($0.1)) }),
        ]
    }

    private static func tree(_ pod: Pod) -> JSONTree {
        [
            "id": .string(pod.id), "kind": .string(pod.kind), "podseq": .number(pod.sequence),
            "slots": .array(
                pod.slots.map {
                    [
                        "imp": .string($0.imp), "media": .string($0.media), "slotinpod": .number($0.position),
                        "dynamic": .bool($0.isDynamic), "minSeconds": .number($0.minSeconds),
                        "maxSeconds": .number($0.maxSeconds),
                        "exactSeconds": .array($0.exactSeconds.map { .number($0) }),
                        "totalSeconds": .number($0.totalSeconds), "maxAds": .number($0.maxAds),
                        "bidfloor": JSONTree(.number("\($0.floor)")), "bidfloorcur": .string($0.currency),
                        "mincpmpersec": JSONTree(.number("\($0.floorPerSecond)")),
                        "durfloors": .number($0.floorsByDuration),
                    ]
                }),
        ]
    }
}
