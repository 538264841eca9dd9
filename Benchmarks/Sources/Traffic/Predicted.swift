// A generated catalog in which everybody pays for clicks or for views to the end, and what models know of it.
public import Catalog
import Units

public enum Predicted {
    /// The catalog of the other cases, in which everybody pays for what a model predicts: as much as before.
    public static func source(lineItems: Int) -> CatalogSource {
        var generator = CatalogGenerator(lineItems: lineItems, seed: 7)
        var source = generator.source()
        for index in source.campaigns.indices {
            let worth = Int64(800 + index * 37 % 3_700) * 10_000
            let isClick = index % 2 == 0
            source.campaigns[index].goal = isClick ? .cpc : .cpcv
            source.campaigns[index].goalValue = Micros(isClick ? worth : worth / 900)
        }
        for index in source.lineItems.indices {
            source.lineItems[index].bid = nil
            source.lineItems[index].goalValue = nil
        }
        return source
    }

    /// Forty features, of which twenty-five are the request's: 12 that it says, and 13 of its viewer and content.
    public static let schema: String = {
        let said: [(String, String)] = [
            ("hour", "request"), ("weekday", "request"), ("deviceType", "request"),
            ("connectionType", "request"), ("slots", "request"), ("breakSeconds", "request"),
            ("breakAds", "request"), ("isLive", "content"), ("contentSeconds", "content"),
            ("isApp", "request"), ("isFirstPrice", "request"), ("isSite", "request"),
            ("priority", "lineItem"), ("goalValue", "lineItem"), ("seconds", "creative"),
        ]
        var features = said.map { name, entity in
            let isFlag = name.hasPrefix("is")
            return
                #"{"name": "\#(name)", "entity": "\#(entity)", "from": "\#(name)", "type": "\#(isFlag ? "flag" : "number")", "owner": "bench"}"#
        }
        for (entity, count) in [("user", 13), ("lineItem", 6), ("creative", 6)] {
            features += (0..<count).map {
                #"{"name": "\#(entity)\#($0)", "entity": "\#(entity)", "default": 0, "owner": "bench"}"#
            }
        }
        return
            #"{"schema": "paceline/features/1", "name": "bench", "version": 1, "features": ["#
            + features.joined(separator: ",") + "]}"
    }()

    /// In the schema's order.
    public static let features: [String] = schema.matches(of: /"name": "([A-Za-z0-9]+)", "entity"/).map {
        String($0.1)
    }
}
