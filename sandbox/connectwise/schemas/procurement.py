"""Facts of the procurement module: the catalog, product items and their set-up tables."""

from __future__ import annotations

from sandbox.connectwise.schema import Schema, schema

PRODUCT_ITEM: Schema = schema(
    "ProductItem",
    """
    catalogItem ref:procurement/catalog required
    description text:2000
    sequenceNumber number
    quantity number
    unitOfMeasure ref:procurement/unitOfMeasures
    price number
    cost number
    extPrice number computed
    extCost number computed
    discount number
    margin number computed
    agreementAmount number computed
    priceMethod enum:FlatRateForRange|PercentMarkupFromCost|PercentMarkdownFromPrice|PricePerUnit
    billableOption enum:Billable|DoNotBill|NoCharge required
    agreement ref:finance/agreements
    locationId key:system/locations updates
    location ref:system/locations
    businessUnitId key:system/departments updates
    businessUnit ref:system/departments
    vendor ref:company/companies
    vendorSku text:50
    taxableFlag flag
    dropshipFlag flag
    specialOrderFlag flag
    phaseProductFlag flag
    cancelledFlag flag
    quantityCancelled number
    cancelledReason text:100
    customerDescription text:6000 updates
    internalNotes text:1000
    productSuppliedFlag flag
    subContractorShipToId int
    subContractorAmountLimit number
    recurring object
    sla ref
    entityType ref
    ticket ref
    project ref
    phase ref
    salesOrder ref:sales/orders
    opportunity ref:sales/opportunities
    invoice ref:finance/invoices
    warehouseId key:procurement/warehouses
    warehouseIdObject ref:procurement/warehouses
    warehouseBinId int
    warehouseBinIdObject ref
    calculatedPriceFlag flag
    calculatedCostFlag flag
    forecastDetailId int computed
    cancelledBy int computed
    cancelledDate date computed
    warehouse text computed
    warehouseBin text computed
    purchaseDate date computed
    taxCode ref:finance/taxCodes
    integrationXRef text
    listPrice number
    serialNumberIds ints
    serialNumbers texts
    company ref:company/companies computed
    forecastStatus ref:sales/opportunities/statuses computed
    productClass enum:Agreement|Bundle|Inventory|NonInventory|Service computed
    needToPurchaseFlag flag
    needToOrderQuantity int
    minimumStockFlag flag
    shipSet text:10
    calculatedPrice number computed
    calculatedCost number computed
    invoiceGrouping ref
    poApprovedFlag flag computed
    uom text computed
    addComponentsFlag flag unseen
    ignorePricingSchedulesFlag flag unseen
    asioSubscriptionsID guid
    bypassForecastUpdate flag unseen
    wonCost number computed
    wonPrice number computed
    wonQuantity number computed
    customFields custom
    """,
)

CATALOG_ITEM: Schema = schema(
    "CatalogItem",
    """
    identifier text:75 required
    description text:60 required
    inactiveFlag flag
    subcategory ref:procurement/subcategories required
    type ref:procurement/types required
    productClass enum:Agreement|Bundle|Inventory|NonInventory|Service
    serializedFlag flag
    serializedCostFlag flag
    phaseProductFlag flag
    unitOfMeasure ref:procurement/unitOfMeasures
    minStockLevel int
    price number
    cost number
    priceAttribute enum:FixedFee|NotToExceed|OverrideRate|TimeAndMaterials
    taxableFlag flag
    dropShipFlag flag
    specialOrderFlag flag
    customerDescription text:6000 required
    manufacturer ref:procurement/manufacturers
    manufacturerPartNumber text:50
    vendor ref:company/companies
    vendorSku text:50
    notes text
    integrationXRef text:50
    sla ref
    entityType ref
    recurringFlag flag
    recurringRevenue number
    recurringCost number
    recurringOneTimeFlag flag
    recurringBillCycle ref
    recurringCycleType enum:ContractYear|CalendarYear
    calculatedPriceFlag flag
    calculatedCostFlag flag
    category ref:procurement/categories computed
    calculatedPrice number computed
    calculatedCost number computed
    billableOption enum:Billable|DoNotBill|NoCharge|NoDefault
    connectWiseID text
    agreementType ref
    markupPercentage number
    markupFlag flag
    autoUpdateUnitCostFlag flag
    autoUpdateUnitPriceFlag flag
    customFields custom
    """,
)

CATALOG_ITEM_INFO: Schema = schema(
    "CatalogItemInfo",
    """
    identifier text
    description text
    inactiveFlag flag
    productClass enum:Agreement|Bundle|Inventory|NonInventory|Service
    serializedCostFlag flag
    price number
    cost number
    taxableFlag flag
    dropShipFlag flag
    specialOrderFlag flag
    customerDescription text
    manufacturerPartNumber text
    vendorSku text
    billableOption enum:Billable|DoNotBill|NoCharge|NoDefault
    """,
)

CATEGORY: Schema = schema(
    "Category",
    """
    name text:50 required
    inactiveFlag flag
    priceLevelXref text:10
    integrationXref text:50
    locationIds ints
    defaultFlag flag
    addAllLocations flag
    removeAllLocations flag
    connectWiseId text
    """,
)

CATEGORY_INFO: Schema = schema(
    "CategoryInfo",
    """
    name text
    inactiveFlag flag
    defaultFlag flag
    """,
)

SUB_CATEGORY: Schema = schema(
    "SubCategory",
    """
    name text:50 required
    inactiveFlag flag
    integrationXref text:50
    defaultFlag flag
    category ref:procurement/categories required
    connectWiseId text
    """,
)

SUB_CATEGORY_INFO: Schema = schema(
    "SubCategoryInfo",
    """
    name text
    category ref:procurement/categories
    inactiveFlag flag
    defaultFlag flag
    """,
)

LEGACY_SUB_CATEGORY: Schema = schema(
    "LegacySubCategory",
    """
    name text:50 required
    inactiveFlag flag
    """,
)

LEGACY_SUB_CATEGORY_INFO: Schema = schema(
    "LegacySubCategoryInfo",
    """
    name text
    inactiveFlag flag
    """,
)

PRODUCT_TYPE: Schema = schema(
    "ProductType",
    """
    name text:50 required
    inactiveFlag flag
    typeXref enum:InventoryPart|NonInventoryPart|OtherCharge|Service
    defaultFlag flag
    connectWiseId text
    """,
)

PRODUCT_TYPE_INFO: Schema = schema(
    "ProductTypeInfo",
    """
    name text
    inactiveFlag flag
    defaultFlag flag
    """,
)

MANUFACTURER: Schema = schema(
    "Manufacturer",
    """
    name text:50 required
    inactiveFlag flag
    """,
)

MANUFACTURER_INFO: Schema = schema(
    "ManufacturerInfo",
    """
    name text
    inactiveFlag flag
    """,
)

UNIT_OF_MEASURE: Schema = schema(
    "UnitOfMeasure",
    """
    name text:50 required
    inactiveFlag flag
    defaultFlag flag
    uomScheduleXref text:31
    connectWiseId text
    """,
)

WAREHOUSE: Schema = schema(
    "Warehouse",
    """
    name text:50 required
    company ref:company/companies
    location ref:system/locations required
    contact ref:company/contacts
    department ref:system/departments required
    manager ref:system/members
    site ref:company/companies/sites
    locationXref text:10
    locationDefaultFlag flag
    overallDefaultFlag flag
    inactiveFlag flag
    lockedFlag flag
    currency ref:finance/currencies
    """,
)

PROCUREMENT_SETTING: Schema = schema(
    "ProcurementSetting",
    """
    startingPurchaseOrderNum int required
    purchaseOrderPrefix text:5
    purchaseOrderSuffix text:5
    prefixSuffixType enum:Prefix|Suffix
    disableCostUpdatesFlag flag
    disableNegativeInventoryFlag flag
    costingMethod enum:FIFO|LIFO|AverageCosting required
    autoClosePurchaseOrderFlag flag
    autoClosePurchaseOrderItemFlag flag
    autoApprovePurchaseOrderFlag flag
    taxPurchaseOrderFlag flag
    taxFreightFlag flag
    useVendorTaxCodeFlag flag
    numDecimalPlaces int
    disableAutoPickFlag flag
    defaultProductTaxableFlag flag
    eoriNumber text:50
    notificationForChangesInShippingInfoFlag flag
    shippingInfoNotificationEmail text:250
    """,
)
