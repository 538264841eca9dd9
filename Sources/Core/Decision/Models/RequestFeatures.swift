// What models know of a request from the request itself. What the viewer's permissions do not let be read is not
// looked at: its code says that it was forbidden, and the schema's default stands in.
internal import Features
internal import OpenRTB
internal import Units

/// The features that are read from requests, and how.
struct RequestFeatures: Sendable {
    private struct Column: Sendable {
        let column: Int
        let source: FeatureSource
        let standIn: Float
        let hasStandIn: Bool
        let words: WordPlaces
    }

    private let columns: [Column]

    init(_ features: CompiledFeatures) {
        var columns: [Column] = []
        for (index, feature) in features.schema.features.enumerated() {
            guard let source = feature.source, feature.entity != .lineItem, feature.entity != .creative else {
                continue
            }
            columns.append(
                Column(
                    column: index, source: source, standIn: feature.standIn?.value ?? .nan,
                    hasStandIn: feature.standIn != nil, words: WordPlaces(feature.categories)))
        }
        self.columns = columns
    }

    func fill(
        _ row: Int, of rows: inout FeatureRows, from request: borrowing BidRequest,
        _ permissions: Permissions,
        at now: Instant
    ) {
        for index in columns.indices {
            let source = columns[index].source
            let column = columns[index].column
            let standIn = columns[index].standIn
            let use = source.use
            // What models saw is kept (docs/decisions/0042): what may not be kept they do not see.
            if let use, !permissions.allows(use) || !permissions.allows(.journaling) {
                rows.set(row, column, standIn, .forbidden)
            } else if let value = Self.number(source, request, now)
                ?? Self.place(source, request, columns[index].words)
            {
                rows.set(row, column, value, .present)
            } else {
                rows.set(row, column, standIn, columns[index].hasStandIn ? .defaulted : .missing)
            }
        }
    }

    /// Of numbers and flags.
    private static func number(
        _ source: FeatureSource, _ request: borrowing BidRequest, _ now: Instant
    ) -> Float? {
        let (device, inventory) = (request.device, request.inventory)
        func flag(_ value: Bool) -> Float { value ? 1 : 0 }
        switch source {
        case .hour: return Float(localMinutes(request, now) / 60 % 24)
        // The epoch began on a Thursday; weeks begin on Mondays.
        case .weekday: return Float((localMinutes(request, now) / 1_440 + 3) % 7)
        case .deviceType: return device.devicetype.map { Float($0) }
        case .connectionType: return device.connectiontype.map { Float($0) }
        case .isApp: return inventory.kind == .unknown ? nil : flag(inventory.kind == .app)
        case .isSite: return inventory.kind == .unknown ? nil : flag(inventory.kind == .site)
        case .isFirstPrice: return flag(request.at == AuctionType.firstPrice)
        case .isLive: return inventory.content.livestream.map { flag($0 != 0) }
        case .contentSeconds: return inventory.content.len.map { Float($0) }
        case .slots: return Float(request.imps.count)
        case .breakSeconds: return Float(total(request) { $0.isDynamic ? $0.totalSeconds : $0.maxSeconds })
        case .breakAds: return Float(total(request) { $0.maxAds })
        default: return nil
        }
    }

    private static func localMinutes(_ request: borrowing BidRequest, _ now: Instant) -> Int64 {
        let offset = request.device.geo.utcoffset ?? request.user.geo.utcoffset ?? 0
        return max(0, now.nanoseconds / 60_000_000_000 + Int64(offset))
    }

    private static func total(_ request: borrowing BidRequest, _ of: (PodSlot) -> Int32) -> Int64 {
        var sum: Int64 = 0
        let pods = request.pods
        for pod in pods.indices {
            let slots = request[pods[pod].slots]
            // What is no break is one place, whatever may fill it.
            let count = pods[pod].kind == .single ? min(slots.count, 1) : slots.count
            for slot in 0..<count { sum += Int64(of(slots[slot])) }
        }
        return sum
    }

    /// The place of the request's word among the categories; of several words the first that is one of them.
    private static func place(
        _ source: FeatureSource, _ request: borrowing BidRequest, _ words: WordPlaces
    ) -> Float? {
        let (device, inventory) = (request.device, request.inventory)
        let content = inventory.content
        let text: Text
        switch source {
        case .os: text = device.os
        case .make: text = device.make
        case .deviceLanguage: text = device.language.isEmpty ? device.langb : device.language
        case .country: text = device.geo.country
        case .region: text = device.geo.region
        case .metro: text = device.geo.metro
        case .city: text = device.geo.city
        case .postalCode: text = device.geo.zip
        case .publisher: text = inventory.publisher.id
        case .inventory: text = inventory.id
        case .rating: text = content.contentrating
        case .contentLanguage: text = content.language.isEmpty ? content.langb : content.language
        case .network: text = content.network.id.isEmpty ? content.network.name : content.network.id
        case .channel: text = content.channel.id.isEmpty ? content.channel.name : content.channel.id
        case .series: text = content.series
        case .genre: return genre(request, words)
        case .segment: return segment(request, words)
        default: return nil
        }
        return text.isEmpty ? nil : words.place(of: request[text]).map { Float($0) }
    }

    /// Genres are written as one text, `drama, thriller`, or as a list.
    private static func genre(_ request: borrowing BidRequest, _ words: WordPlaces) -> Float? {
        let content = request.inventory.content
        let text = request[content.genre]
        var parts = CommaList()
        while let part = parts.next(in: text) {
            if let place = words.place(of: text.extracting(part)) { return Float(place) }
        }
        let genres = request[content.genres]
        for index in genres.indices {
            if let place = words.place(of: request[genres[index]]) { return Float(place) }
        }
        return nil
    }

    private static func segment(_ request: borrowing BidRequest, _ words: WordPlaces) -> Float? {
        let sources = request[request.user.data]
        for index in sources.indices {
            let segments = request[sources[index].segment]
            for at in segments.indices {
                if let place = words.place(of: request[segments[at].id]) { return Float(place) }
            }
        }
        return nil
    }
}

extension FeatureSource {
    /// What has to be allowed before it is read.
    fileprivate var use: DataUse? {
        switch self {
        case .segment: .personalisation
        case .postalCode: .preciseLocation
        default: nil
        }
    }
}
