// CatBoost's features: numbers and categories have counts of their own, beside their places in a row.

struct CatBoostFeatures {
    private struct Number {
        let place: Int
        let missing: MissingValues
        let missingGoesLeft: Bool
    }

    /// How many values a row has.
    let count: Int
    let names: [String]
    private var numbers: [Int: Number] = [:]
    /// The places of categories, by their count.
    private var categories: [Int: Int] = [:]

    init(_ info: ModelPlace) throws(ModelRefused) {
        for kind in ["text_features", "embedding_features"] {
            if let list = try info.optional(kind), !list.isEmptyList {
                throw list.refused("numbers and categories: \(kind) are not supported")
            }
        }
        if let list = try info.optional("ctrs"), !list.isEmptyList {
            throw list.refused(
                "no counters of categories (CTR): train with one_hot_max_size above the number of categories, "
                    + "or turn categories into numbers")
        }
        var names: [Int: String] = [:]
        for feature in try info.optional("float_features")?.elements() ?? [] {
            let place = try Self.place(feature, &names)
            let treatment = try feature.optional("nan_value_treatment")
            let goesLeft: Bool
            switch try treatment?.text() ?? "AsIs" {
            // A NaN is above no border, and what is below all of them goes the same way.
            case "AsIs", "AsFalse": goesLeft = true
            case "AsTrue": goesLeft = false
            case let other:
                throw treatment?.refused("AsIs, AsFalse or AsTrue", found: "'\(other.prefix(40))'")
                    ?? feature.refused("a treatment of NaN")
            }
            let index = try feature.member("feature_index").whole(0...EnsembleLimits.features)
            numbers[index] = Number(place: place, missing: .nan, missingGoesLeft: goesLeft)
        }
        for feature in try info.optional("categorical_features")?.elements() ?? [] {
            let place = try Self.place(feature, &names)
            categories[try feature.member("feature_index").whole(0...EnsembleLimits.features)] = place
        }
        count = (names.keys.max() ?? -1) + 1
        // A place that no feature has is one that training left out.
        self.names = names.values.contains("") ? [] : (0..<count).map { names[$0] ?? "feature_\($0)" }
        guard count > 0 else { throw info.refused("features", found: "none") }
    }

    private static func place(_ feature: ModelPlace, _ names: inout [Int: String]) throws(ModelRefused) -> Int
    {
        let flat = try feature.member("flat_feature_index")
        let place = try flat.whole(0...EnsembleLimits.features - 1)
        let name = try feature.optional("feature_id")?.text() ?? ""
        guard names.updateValue(name, forKey: place) == nil else { throw flat.refused("a place of its own") }
        return place
    }

    /// One split; the children are set where it is placed.
    func node(_ split: ModelPlace, _ sets: inout [CategorySet]) throws(ModelRefused) -> TreeNode {
        let type = try split.member("split_type")
        let unset = TreeChild.leaf(-1)
        switch try type.text() {
        case "FloatFeature":
            let index = try split.member("float_feature_index")
            guard let number = numbers[try index.whole(0...EnsembleLimits.features)] else {
                throw index.refused("one of float_features")
            }
            let border = Float(try split.member("border").number())
            guard !border.isNaN else { throw split.refused("a number", found: "NaN as a border") }
            return TreeNode(
                feature: number.place, split: .atMost(Double(border)), missing: number.missing,
                missingGoesLeft: number.missingGoesLeft, left: unset, right: unset)
        case "OneHotFeature":
            let index = try split.member("cat_feature_index")
            guard let place = categories[try index.whole(0...EnsembleLimits.features)] else {
                throw index.refused("one of categorical_features")
            }
            let hash = try split.member("value").whole(Int(Int32.min)...Int(UInt32.max))
            let members = CatBoostCategories.numbers(ofHash: UInt32(truncatingIfNeeded: hash))
            guard let largest = members.max() else {
                throw try split.member("value").refused(
                    "the hash of a whole number from 0 to \(CatBoostCategories.most): categories that are other texts "
                        + "cannot stand in a row of numbers",
                    found: "\(hash)")
            }
            var words = [UInt32](repeating: 0, count: largest / 32 + 1)
            for category in members { words[category / 32] |= 1 << UInt32(category % 32) }
            sets.append(CategorySet(words: words))
            return TreeNode(
                feature: place, split: .isIn(set: sets.count - 1), missing: .nothing, missingGoesLeft: false,
                left: unset, right: unset)
        case "OnlineCtr":
            throw type.refused(
                "FloatFeature or OneHotFeature: counters of categories (CTR) are not supported; train with "
                    + "one_hot_max_size above the number of categories, or turn categories into numbers")
        default: throw type.refused("FloatFeature or OneHotFeature")
        }
    }
}
