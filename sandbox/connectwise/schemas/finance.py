"""Facts of the finance module, as far as sales need them."""

from __future__ import annotations

from sandbox.connectwise.schema import Schema, schema

CURRENCY: Schema = schema(
    "Finance.Currency",
    """
    currencyIdentifier text:10 required
    name text:50 required
    symbol text:10
    displayIdFlag flag
    displaySymbolFlag flag
    currencyCode ref
    thousandsSeparator text:1
    decimalSeparator text:1
    negativeParenthesesFlag flag
    rightAlign flag
    numberOfDecimals int
    reportFormat text
    """,
)

CURRENCY_INFO: Schema = schema(
    "CurrencyInfo",
    """
    name text
    """,
)

TAX_CODE: Schema = schema(
    "TaxCode",
    """
    identifier text:8 required
    description text:50 required
    invoiceCaption text:25 required
    country ref:company/countries
    effectiveDate date required
    defaultFlag flag
    displayOnInvoiceFlag flag
    cancelDate date
    levelOneRate number
    levelOneRateType enum:Amount|Percent
    levelOneCaption text:25
    levelOneProductsFlag flag
    connectWiseId text
    """,
)

TAX_CODE_INFO: Schema = schema(
    "TaxCodeInfo",
    """
    identifier text
    description text
    effectiveDate text
    cancelDate text
    defaultFlag flag
    levelOneRate number
    levelTwoRate number
    levelThreeRate number
    levelFourRate number
    levelFiveRate number
    levelSixRate number
    """,
)

BILLING_TERM: Schema = schema(
    "BillingTerm",
    """
    name text:50 required
    defaultFlag flag
    dueDays int required
    termsXref text:50
    """,
)

BILLING_TERM_INFO: Schema = schema(
    "BillingTermInfo",
    """
    name text
    defaultFlag flag
    """,
)
