// What models know of line items and creatives from the catalog itself: worked out once for a snapshot and a schema.
internal import Catalog
internal import Features
internal import Units

/// The values of one kind of thing, by row of the catalog: the columns that are read from it, in the schema's order.
struct CatalogFeatures: Sendable {
    let columns: [Int]
    private let values: [Float]
    private let codes: [FeatureCode]
    /// By row, the key of its profile; empty where the schema keeps none.
    let keys: [UInt64]

    static func lineItems(_ features: CompiledFeatures, _ snapshot: CatalogSnapshot) -> CatalogFeatures {
        CatalogFeatures(
            features, .lineItem, rows: snapshot.lineItemCount, id: { snapshot.id(.lineItems, at: $0) }
        ) { row, source in
            let item = snapshot.lineItemRow(row)
            let campaign = snapshot.campaignRow(item.campaign)
            switch source {
            case .goal: return .words([campaign.goal.rawValue])
            case .priority: return .number(Float(item.priority))
            case .goalValue:
                let micros = (item.goalValue ?? campaign.goalValue).rawValue
                return .number(Float(Double(micros) / 1_000_000))
            case .campaign: return .words([snapshot.id(.campaigns, at: item.campaign)])
            case .advertiser: return .words([snapshot.id(.advertisers, at: campaign.advertiser)])
            default: return .nothing
            }
        }
    }

    static func creatives(_ features: CompiledFeatures, _ snapshot: CatalogSnapshot) -> CatalogFeatures {
        CatalogFeatures(
            features, .creative, rows: snapshot.creativeCount, id: { snapshot.id(.creatives, at: $0) }
        ) { row, source in
            let creative = snapshot.creativeRow(row)
            switch source {
            case .format: return .words([Creative.Format.allCases[Int(creative.format)].rawValue])
            case .seconds: return .number(Float(Double(creative.milliseconds) / 1_000))
            case .creativeLanguage:
                return .words(creative.language.map { [String(copying: snapshot.utf8($0))] } ?? [])
            case .creativeCategory:
                return .words(
                    creative.categories.map { String(copying: snapshot.utf8(snapshot.category(at: $0))) })
            default: return .nothing
            }
        }
    }

    private enum Said {
        case number(Float)
        /// Those of a list, of which the first that is a category counts.
        case words([String])
        case nothing
    }

    private init(
        _ features: CompiledFeatures, _ entity: FeatureEntity, rows: Int, id: (Int) -> String,
        _ said: (Int, FeatureSource) -> Said
    ) {
        let all = features.schema.features
        columns = all.indices.filter { all[$0].entity == entity && all[$0].source != nil }
        let words = columns.map { WordPlaces(all[$0].categories) }
        var values: [Float] = []
        var codes: [FeatureCode] = []
        values.reserveCapacity(rows * columns.count)
        codes.reserveCapacity(rows * columns.count)
        for row in 0..<rows {
            for (index, column) in columns.enumerated() {
                guard let source = all[column].source else { continue }
                let value: Float? =
                    switch said(row, source) {
                    case .number(let number): number
                    case .words(let found):
                        found.lazy.compactMap { words[index].place(of: $0.utf8Span.span.raw) }.first
                            .map { Float($0) }
                    case .nothing: nil
                    }
                let standIn = all[column].standIn?.value
                values.append(value ?? standIn ?? .nan)
                codes.append(value != nil ? .present : standIn != nil ? .defaulted : .missing)
            }
        }
        (self.values, self.codes) = (values, codes)
        keys =
            features.layout(of: entity).bytes > 0 ? (0..<rows).map { CompiledFeatures.key(id($0)) } : []
    }

    /// Writes what is known of a row of the catalog into a row of features.
    func fill(_ row: Int, of rows: inout FeatureRows, from item: Int) {
        let start = item * columns.count
        for index in columns.indices {
            rows.set(row, columns[index], values[start + index], codes[start + index])
        }
    }
}
