// A pod problem as a file: OpenRTB's words where it has them, names where the solver has numbers.
import Auction
import Documents
import Units

struct PodFile: ~Copyable {
    var problem = PodProblem()
    /// What messages call the candidates.
    private(set) var names: [String] = []
    private var numbers: [String: [String: UInt64]] = [:]

    private static let keys = [
        "impressions", "candidates", "poddedupe", "apartInPod", "apartWhenAdjacent", "blockedCategories",
        "blockedAdvertisers", "firstPremium", "lastPremium", "seen", "seenCreative", "seenAdvertiser",
    ]

    init(_ tree: JSONTree) throws(PodRefusal) {
        let fields = try PodFields(tree, "", known: Self.keys)
        for (path, element) in try fields.elements("impressions", most: PodLimits.segments) {
            let segment = try Self.segment(element, path)
            guard problem.add(segment) else {
                throw PodRefusal(
                    path, at: element.offset, found: "more than \(PodLimits.positions) ads in all",
                    allowed: "\(PodLimits.positions)")
            }
        }
        for (path, element) in try fields.elements("candidates", most: PodLimits.candidates) {
            let candidate = try candidate(element, path)
            // `elements` has held the list to what there is room for.
            _ = problem.add(candidate)
        }
        try readRules(fields)
        try readSession(fields)
    }

    private mutating func readRules(_ fields: PodFields) throws(PodRefusal) {
        if fields["poddedupe"] != nil { problem.dedupe = [] }
        for (path, element) in try fields.elements("poddedupe", most: 4) {
            let number = try PodFields.integer(element, path, in: 1...4)
            if let setting = PodDedupe(openRTB: number) { problem.dedupe.insert(setting) }
        }
        problem.apartInPod = try categories("apartInPod", fields)
        problem.apartWhenAdjacent = try categories("apartWhenAdjacent", fields)
        problem.blockedCategories = try categories("blockedCategories", fields)
        for (path, element) in try fields.elements("blockedAdvertisers", most: PodLimits.blockedAdvertisers) {
            let advertiser = number("advertiser", try PodFields.text(element, path))
            // As above.
            _ = problem.block(advertiser: advertiser)
        }
        let most = Micros(PodLimits.premium)
        problem.firstPremium = try fields.money("firstPremium", most: most, default: .zero).rawValue
        problem.lastPremium = try fields.money("lastPremium", most: most, default: .zero).rawValue
    }

    private mutating func readSession(_ fields: PodFields) throws(PodRefusal) {
        for (path, element) in try fields.elements("seen", most: PodLimits.sightings) {
            let sighting = try PodFields(element, path, known: ["creative", "advertiser"])
            problem.session.saw(
                creative: number("creative", try sighting.text("creative")),
                advertiser: number("advertiser", try sighting.text("advertiser")))
        }
        problem.seenCreative = try Self.diversity("seenCreative", fields)
        problem.seenAdvertiser = try Self.diversity("seenAdvertiser", fields)
    }

    private static func diversity(_ key: String, _ fields: PodFields) throws(PodRefusal) -> DiversityRule {
        guard let tree = fields[key] else { return .ignore }
        if case .string("ignore") = tree.content { return .ignore }
        if case .string("exclude") = tree.content { return .exclude }
        guard case .number(let digits) = tree.content, let share = try? Micros(decimal: digits),
            share >= .zero, share.rawValue <= Micros.perUnit
        else {
            throw PodRefusal(
                fields.step(key), tree,
                allowed: "\"ignore\", \"exclude\", or the share of its value that it loses, from 0 to 1")
        }
        return .penalise(share.rawValue)
    }

    private static func segment(_ tree: JSONTree, _ path: String) throws(PodRefusal) -> PodSegment {
        let fields = try PodFields(
            tree, path,
            known: [
                "minduration", "maxduration", "rqddurs", "poddur", "maxseq", "bidfloor", "mincpmpersec",
                "durfloors",
            ])
        let day = Int(PodLimits.seconds)
        let shortest = try fields.integer("minduration", in: 0...day, default: 0)
        let longest = try fields.integer("maxduration", in: shortest...day, default: day)
        var floors = Floors(hard: try fields.money("bidfloor", most: .max, default: .zero))
        floors.perSecond = try fields.money("mincpmpersec", most: .max, default: .zero)
        for (path, element) in try fields.elements("durfloors", most: Floors.durationLimit) {
            let range = try PodFields(element, path, known: ["mindur", "maxdur", "bidfloor"])
            let low = try range.integer("mindur", in: 0...day, default: 0)
            let high = try range.integer("maxdur", in: low...day, default: day)
            let price = try range.money("bidfloor", most: .max, default: nil)
            // `elements` has held the list to what there is room for.
            _ = floors.add(DurationFloor(seconds: Int32(low)...Int32(high), price: price))
        }
        let range = Int32(shortest)...Int32(longest)
        var segment = PodSegment.slot(range, floors: floors)
        if fields["poddur"] != nil || fields["maxseq"] != nil {
            let total = try fields.integer("poddur", in: 0...day, default: nil)
            let most = try fields.integer("maxseq", in: 1...PodLimits.positions, default: nil)
            segment = .dynamic(range, total: Int32(total), capacity: most, floors: floors)
        }
        for (path, element) in try fields.elements("rqddurs", most: PodLimits.durations) {
            // As above.
            _ = segment.require(seconds: Int32(try PodFields.integer(element, path, in: 1...day)))
        }
        return segment
    }

    private mutating func candidate(_ tree: JSONTree, _ path: String) throws(PodRefusal) -> PodCandidate {
        let fields = try PodFields(
            tree, path,
            known: [
                "name", "lineItem", "creative", "advertiser", "mediaFile", "duration", "value", "price",
                "tier",
                "categories", "avoids", "impressions",
            ])
        let value = try fields.money("value", most: PodLimits.value, default: nil)
        var candidate = PodCandidate(
            creative: number("creative", try fields.text("creative")),
            advertiser: number("advertiser", try fields.text("advertiser")),
            mediaFile: number("mediaFile", try fields.text("mediaFile")),
            seconds: Int32(try fields.integer("duration", in: 1...Int(PodLimits.seconds), default: nil)),
            value: value, price: try fields.money("price", most: .max, default: value),
            categories: try categories("categories", fields), avoids: try categories("avoids", fields))
        candidate.lineItem = UInt32(number("lineItem", try fields.text("lineItem")))
        candidate.tier = try Self.tier(fields)
        if fields["impressions"] != nil { candidate.segments = 0 }
        for (path, element) in try fields.elements("impressions", most: PodLimits.segments) {
            let last = max(problem.segmentCount - 1, 0)
            candidate.segments |= 1 << UInt32(try PodFields.integer(element, path, in: 0...last))
        }
        let (name, creative) = (try fields.text("name"), try fields.text("creative"))
        names.append(name ?? creative ?? "#\(names.count)")
        return candidate
    }

    private static func tier(_ fields: PodFields) throws(PodRefusal) -> PriorityTier {
        guard let tree = fields["tier"] else { return .open }
        for tier in PriorityTier.allCases {
            if case .string("\(tier)") = tree.content { return tier }
        }
        throw PodRefusal(fields.step("tier"), tree, allowed: "\"sponsorship\", \"guaranteed\" or \"open\"")
    }

    private mutating func categories(_ key: String, _ fields: PodFields) throws(PodRefusal) -> UInt64 {
        var set: UInt64 = 0
        for (path, element) in try fields.elements(key, most: 64) {
            let number = number("category", try PodFields.text(element, path))
            guard number <= 64 else {
                throw PodRefusal(path, element, allowed: "at most 64 categories in the whole file")
            }
            set |= 1 << (number - 1)
        }
        return set
    }

    /// Equal names of one kind have equal numbers, from 1; no name is 0.
    private mutating func number(_ kind: String, _ name: String?) -> UInt64 {
        guard let name else { return 0 }
        let next = UInt64(numbers[kind]?.count ?? 0) + 1
        let number = numbers[kind]?[name] ?? next
        numbers[kind, default: [:]][name] = number
        return number
    }
}
